import { getDocumentProxy } from 'unpdf';
import { ExtractionError, encrypted, notParsed, tooLarge } from './extraction-error.ts';
import { type Section, TextBuilder } from './text-builder.ts';

const maxPages = 20_000;

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Opens a PDF; nothing is drawn, so it needs no fonts or images. */
async function open(bytes: Uint8Array): Promise<Pdf> {
  try {
    return await getDocumentProxy(bytes, {
      verbosity: 0,
      disableFontFace: true,
      useSystemFonts: false,
    });
  } catch (error) {
    const { name } = error instanceof Error ? error : { name: '' };
    if (name === 'PasswordException') throw encrypted();
    throw notParsed('its PDF structure is damaged');
  }
}

/** Writes a page's text, with the line ends that it has. */
async function readPage(pdf: Pdf, number: number, output: TextBuilder): Promise<void> {
  const page = await pdf.getPage(number);
  const { items } = await page.getTextContent();
  for (const item of items) {
    if (!('str' in item)) continue;
    output.append(item.str);
    if (item.hasEOL) output.append('\n');
  }
  page.cleanup();
}

/** The text of a PDF, page by page. A page that is damaged is left out, unless all are. */
export async function* readPdf(bytes: Uint8Array): AsyncIterable<Section> {
  const pdf = await open(bytes);
  try {
    if (pdf.numPages > maxPages) throw tooLarge();
    let readPages = 0;
    let hasText = false;
    const output = new TextBuilder();
    for (let number = 1; number <= pdf.numPages; number += 1) {
      try {
        await readPage(pdf, number, output);
        readPages += 1;
      } catch (error) {
        if (error instanceof ExtractionError) throw error;
      }
      const text = output.take();
      hasText ||= text.trim() !== '';
      yield { page: number, text };
    }
    if (readPages === 0) throw notParsed('its PDF structure is damaged');
    if (!hasText) {
      throw notParsed('its pages have no text: recognize the text of scanned pages first');
    }
  } finally {
    await pdf.loadingTask.destroy();
  }
}
