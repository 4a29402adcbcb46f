import { strToU8, zipSync } from 'fflate';

/* Documents that tests make, so that the repository has no binary files. */

const contentTypes =
  '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';
const relationshipTypes = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

interface Reference {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

/** The part that says what another one refers to. */
export const rels = (...references: readonly Reference[]): string =>
  `<Relationships>${references
    .map(
      ({ id, type, target }) =>
        `<Relationship Id="${id}" Type="${relationshipTypes}/${type}" Target="${target}"/>`,
    )
    .join('')}</Relationships>`;

/** A zip archive of texts and bytes. */
export const zip = (files: Readonly<Record<string, string | Uint8Array>>): Uint8Array =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name,
        typeof content === 'string' ? strToU8(content) : content,
      ]),
    ),
  );

/** An Office document whose main part is `main`. */
export const officeFile = (
  main: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Uint8Array =>
  zip({
    '[Content_Types].xml': contentTypes,
    '_rels/.rels': rels({ id: 'rId1', type: 'officeDocument', target: main }),
    ...files,
  });

/** A Word document with this body. */
export const docx = (body: string, files: Readonly<Record<string, string>> = {}): Uint8Array =>
  officeFile('word/document.xml', {
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="w"><w:body>${body}</w:body></w:document>`,
    ...files,
  });

export const paragraph = (text: string): string => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`;

/** A presentation whose slides have these bodies, stored in the opposite order. */
export const pptx = (slides: readonly string[]): Uint8Array => {
  const names = slides.map((_, index) => `slides/slide${slides.length - index}.xml`);
  return officeFile('ppt/presentation.xml', {
    'ppt/presentation.xml': `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>${names
      .map((_, index) => `<p:sldId r:id="rId${index}" id="${256 + index}"/>`)
      .join('')}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': rels(
      ...names.map((target, index) => ({ id: `rId${index}`, type: 'slide', target })),
    ),
    ...Object.fromEntries(
      slides.map((body, index) => [
        `ppt/${names[index]}`,
        `<p:sld xmlns:p="p" xmlns:a="a">${body}</p:sld>`,
      ]),
    ),
  });
};

interface Workbook {
  readonly rows: string;
  readonly strings?: string;
  readonly styles?: string;
}

/** A workbook with one sheet. */
export const xlsx = ({ rows, strings = '', styles = '' }: Workbook): Uint8Array =>
  officeFile('/xl/workbook.xml', {
    'xl/workbook.xml':
      '<workbook xmlns:r="r"><sheets><sheet name="Prices" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': rels(
      { id: 'rId1', type: 'worksheet', target: 'worksheets/sheet1.xml' },
      { id: 'rId2', type: 'sharedStrings', target: 'sharedStrings.xml' },
      { id: 'rId3', type: 'styles', target: 'styles.xml' },
    ),
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<sst>${strings}</sst>`,
    'xl/styles.xml': `<styleSheet>${styles}</styleSheet>`,
  });

interface PdfParts {
  readonly pages: readonly string[];
  /** Of the page tree; the number of pages by default. */
  readonly count?: number;
  /** Added to the trailer. */
  readonly trailer?: string;
  /** Objects in addition, by number from 100 on. */
  readonly objects?: Readonly<Record<number, string>>;
  /** Ids of the pages in the page tree. */
  readonly kids?: string;
}

/** A PDF whose pages draw these contents, such as `(Text) Tj`. */
export function pdf({ pages, count = pages.length, trailer = '', objects = {}, kids }: PdfParts) {
  const pageIds = pages.map((_, index) => 10 + 2 * index);
  const all: Record<number, string> = {
    1: '<</Type/Catalog/Pages 2 0 R>>',
    2: `<</Type/Pages/Count ${count}/Kids[${kids ?? pageIds.map((id) => `${id} 0 R`).join(' ')}]>>`,
    3: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
    ...objects,
  };
  for (const [index, content] of pages.entries()) {
    const id = 10 + 2 * index;
    const stream = `BT /F1 12 Tf 50 700 Td ${content} ET`;
    all[id] =
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents ${id + 1} 0 R>>`;
    all[id + 1] = `<</Length ${stream.length}>>stream\n${stream}\nendstream`;
  }
  let text = '%PDF-1.4\n';
  const offsets = new Map<number, number>();
  for (const [id, object] of Object.entries(all)) {
    offsets.set(Number(id), text.length);
    text += `${id} 0 obj${object}endobj\n`;
  }
  const start = text.length;
  text += 'xref\n';
  for (const [id, offset] of offsets)
    text += `${id} 1\n${String(offset).padStart(10, '0')} 00000 n \n`;
  text += `trailer<</Size 1000/Root 1 0 R${trailer}>>\nstartxref\n${start}\n%%EOF`;
  return Buffer.from(text, 'latin1');
}

/** A container of the old Office format with a stream of this name. */
export const oldOffice = (stream: string): Uint8Array =>
  Buffer.concat([
    Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
    Buffer.alloc(1000),
    Buffer.from(stream, 'utf16le'),
  ]);
