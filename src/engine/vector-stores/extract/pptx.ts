import type { OfficePackage } from './office-package.ts';
import { type Section, TextBuilder } from './text-builder.ts';
import { readXml } from './xml.ts';

/** Writes the text of a slide or its notes; numbers and dates that the program fills in are left out. */
function readSlide(bytes: Uint8Array, output: TextBuilder): void {
  let textDepth = 0;
  let skippedDepth = 0;
  let cellDepth = 0;
  readXml(bytes, {
    open(name) {
      if (name === 'fld' || name === 'Fallback') skippedDepth += 1;
      if (name === 't') textDepth += 1;
      if (name === 'tc') cellDepth += 1;
      if (name === 'br') output.append(cellDepth > 0 ? ' ' : '\n');
    },
    close(name) {
      if (name === 'fld' || name === 'Fallback') skippedDepth -= 1;
      if (name === 't') textDepth -= 1;
      if (name === 'p') output.append(cellDepth > 0 ? ' ' : '\n');
      if (name === 'tr') output.append('\n');
      if (name !== 'tc') return;
      cellDepth -= 1;
      output.append('\t');
    },
    text(text) {
      if (textDepth > 0 && skippedDepth === 0) output.append(text);
    },
  });
}

/** The slides in the order in which they are shown. */
function slidesOf(file: OfficePackage, main: string): string[] {
  const targets = new Map(file.relationships(main).map(({ id, target }) => [id, target]));
  const slides: string[] = [];
  readXml(file.find(main) ?? new Uint8Array(), {
    open(name, attributes) {
      // The element has two ids: that of its relationship is the one with a prefix.
      const target = targets.get(attributes['id'] ?? '');
      if (name === 'sldId' && target !== undefined) slides.push(target);
    },
  });
  return slides;
}

/** The text of a presentation: a section for each slide, with its notes. */
export function* readPptx(file: OfficePackage, main: string): Iterable<Section> {
  const output = new TextBuilder();
  for (const [index, slide] of slidesOf(file, main).entries()) {
    for (const part of [slide, ...file.related(slide, 'notesSlide')]) {
      const bytes = file.find(part);
      if (bytes !== undefined) readSlide(bytes, output);
    }
    yield { page: index + 1, text: output.take() };
  }
}
