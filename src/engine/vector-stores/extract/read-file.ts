import { decodeText } from './decode-text.ts';
import { detectType } from './detect-type.ts';
import { notParsed } from './extraction-error.ts';
import type { Section, Sections } from './text-builder.ts';

async function sectionsOf(bytes: Uint8Array, filename: string): Promise<Sections> {
  switch (detectType(bytes, filename)) {
    case 'pdf':
      return (await import('./pdf.ts')).readPdf(bytes);
    case 'zip':
      return (await import('./office.ts')).readOffice(bytes);
    case 'html':
      return (await import('./html.ts')).readHtml(bytes);
    case 'text':
      return [{ page: null, text: decodeText(bytes) }];
  }
}

/** The text of a file, section by section. Throws an ExtractionError for a file without text. */
export async function* readFile(bytes: Uint8Array, filename: string): AsyncGenerator<Section> {
  let hasText = false;
  for await (const section of await sectionsOf(bytes, filename)) {
    if (section.text.trim() === '') continue;
    hasText = true;
    yield section;
  }
  if (!hasText) throw notParsed('it has no text');
}
