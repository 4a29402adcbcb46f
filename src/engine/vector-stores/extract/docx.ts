import type { OfficePackage } from './office-package.ts';
import { type Section, TextBuilder } from './text-builder.ts';
import { readXml, type XmlHandler } from './xml.ts';

/**
 * Elements whose text is not shown: deleted text, instructions of fields, pronunciation guides, and
 * the second form of what older programs cannot show.
 */
const skipped = new Set([
  'delText',
  'instrText',
  'delInstrText',
  'rt',
  'Fallback',
  'moveFrom',
  'del',
]);

const isOn = (value: string | undefined): boolean => !['0', 'false', 'off'].includes(value ?? 'on');

/** What an empty element stands for. */
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  br: '\n',
  cr: '\n',
  noBreakHyphen: '-',
};

/** Writes the text of a part: paragraphs as lines, and rows of tables with tabs between the cells. */
function docxHandler(output: TextBuilder): XmlHandler {
  let skippedDepth = 0;
  let textDepth = 0;
  let cellDepth = 0;
  let runDepth = 0;
  let isHidden = false;
  // Tab stops of a paragraph's style are no tabs of its text.
  let styleDepth = 0;
  const isShown = () => skippedDepth === 0 && !isHidden;
  return {
    open(name, { val }) {
      if (skipped.has(name)) skippedDepth += 1;
      if (name === 't') textDepth += 1;
      if (name === 'tc') cellDepth += 1;
      if (name === 'pPr') styleDepth += 1;
      if (name === 'r') runDepth += 1;
      if (name === 'vanish' && runDepth > 0 && styleDepth === 0) isHidden = isOn(val);
      const character = characters[name];
      if (character === undefined || styleDepth > 0 || !isShown() || runDepth === 0) return;
      output.append(cellDepth > 0 && character === '\n' ? ' ' : character);
    },
    close(name) {
      if (skipped.has(name)) skippedDepth -= 1;
      if (name === 't') textDepth -= 1;
      if (name === 'pPr') styleDepth -= 1;
      if (name === 'r') {
        runDepth -= 1;
        isHidden = false;
      }
      if (name === 'p') output.append(cellDepth > 0 ? ' ' : '\n');
      if (name === 'tr' && cellDepth === 0) output.append('\n');
      if (name !== 'tc') return;
      cellDepth -= 1;
      output.append('\t');
    },
    text(text) {
      if (textDepth > 0 && isShown()) output.append(text);
    },
  };
}

/** The text of a Word document, then of its notes. */
export function* readDocx(file: OfficePackage, main: string): Iterable<Section> {
  const output = new TextBuilder();
  const notes = ['footnotes', 'endnotes'].flatMap((type) => file.related(main, type));
  for (const part of [main, ...notes]) {
    const bytes = file.find(part);
    if (bytes !== undefined) readXml(bytes, docxHandler(output));
    output.endLine();
  }
  yield { page: null, text: output.take() };
}
