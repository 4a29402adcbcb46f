import { afterAll, expect, test } from 'vitest';
import { ExtractionError } from '../../../src/engine/vector-stores/extract/extraction-error.ts';
import { createExtractor } from '../../../src/engine/vector-stores/extract/extractor.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import {
  docx,
  officeFile,
  oldOffice,
  paragraph,
  pdf,
  pptx,
  xlsx,
  zip,
} from '../../support/documents.ts';

const extractor = createExtractor(systemClock);

afterAll(() => extractor.stop());

async function* inPieces(bytes: Uint8Array) {
  for (let start = 0; start < bytes.length; start += 2 ** 20) {
    yield bytes.subarray(start, start + 2 ** 20);
  }
}

const chunking = { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 };

/** The text of a file; throws why it cannot be read. */
async function read(bytes: Uint8Array, filename: string): Promise<string> {
  const file = { filename, bytes: bytes.length, chunking, content: inPieces(bytes) };
  let text = '';
  for await (const chunks of extractor.extract(file, new AbortController().signal)) {
    text += chunks.map((chunk) => chunk.text).join('');
  }
  return text;
}

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const image = (start: string) => Buffer.concat([bytesOf(start), Buffer.alloc(500, 7)]);
const good = docx(paragraph('Text'));
const goodPdf = pdf({ pages: ['(Text) Tj'] });

const unsupported = (type: string) => `The file type is not supported: this is ${type}.`;
const unparsed = (reason: string) => `The file could not be parsed because ${reason}.`;

/** Random, so that no signature and no encoding fits. */
const noise = Uint8Array.from({ length: 5000 }, (_, index) => (index * index * 7919 + index) >> 3);

const laughs = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w:document><w:body>${paragraph('&b;')}</w:body></w:document>`;

const deep = `<w:document>${'<w:x>'.repeat(2000)}${'</w:x>'.repeat(2000)}</w:document>`;

/** A zip whose directory says that its file is shorter than it is. */
function lyingZip(): Uint8Array {
  const bytes = Buffer.from(docx(paragraph('x'.repeat(100_000))));
  const directory = bytes.readUInt32LE(bytes.length - 6);
  let entry = directory;
  while (bytes.toString('latin1', entry + 46, entry + 63) !== 'word/document.xml') {
    entry += 46 + bytes.readUInt16LE(entry + 28);
  }
  bytes.writeUInt32LE(60, entry + 24);
  return bytes;
}

const wordWith = (document: string | Uint8Array) =>
  officeFile('word/document.xml', { 'word/document.xml': document });

/** 250 MB of spaces that a few kilobytes unpack to. */
const bomb = () => wordWith(Buffer.alloc(250_000_000, 32));

/** Many cells that refer to one long text. */
const sharedBomb = () =>
  xlsx({
    strings: `<si><t>${'long text '.repeat(3000)}</t></si>`,
    rows: `<row>${'<c t="s"><v>0</v></c>'.repeat(5000)}</row>`,
  });

const manyEntries = () =>
  zip(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`${index}.xml`, ''])));

const openDocument = () => zip({ 'META-INF/manifest.xml': '<m/>', 'content.xml': '<o/>' });

const encryptedPdf = pdf({
  pages: ['(Text) Tj'],
  trailer: `/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -1/O<${'41'.repeat(32)}>/U<${'42'.repeat(32)}>>>`,
});

const damaged = 'its PDF structure is damaged';
const damagedZip = 'its zip archive is damaged';
const tooLarge = 'it is too large';

const broken: readonly (readonly [name: string, make: () => Uint8Array, message: string])[] = [
  ['0 bytes', () => new Uint8Array(), unparsed('it is empty')],
  ['only white space', () => bytesOf(' \n\t '), unparsed('it has no text')],
  ['only a byte order mark', () => bytesOf('\xef\xbb\xbf'), unparsed('it has no text')],
  ['a PNG named .txt', () => image('\x89PNG\r\n\x1a\n'), unsupported('a PNG image')],
  ['a JPEG named .pdf', () => image('\xff\xd8\xff\xe0'), unsupported('a JPEG image')],
  ['a GIF', () => image('GIF89a'), unsupported('a GIF image')],
  ['a WebP image', () => image('RIFF\0\0\0\0WEBP'), unsupported('a WebP image')],
  ['an MP3', () => image('ID3\x04'), unsupported('an MP3 file')],
  ['an MP4', () => image('\0\0\0 ftypisom'), unsupported('an MP4 or HEIC file')],
  ['a gzip archive', () => image('\x1f\x8b\x08'), unsupported('a gzip archive')],
  ['a program', () => image('\x7fELF\x02'), unsupported('a program')],
  ['a database', () => image('SQLite format 3\0'), unsupported('an SQLite database')],
  ['bytes without meaning', () => noise, unsupported('no text and no document of a known type')],
  ['UTF-32', () => bytesOf('\xff\xfe\0\0a\0\0\0'), unsupported('text in UTF-32; save it as UTF-8')],
  ['RTF', () => bytesOf('{\\rtf1 text}'), unsupported('an RTF document; save it as .docx')],
  [
    'an old Word document',
    () => oldOffice('WordDocument'),
    unsupported('a Word document in the old format; save it as .docx'),
  ],
  [
    'an old workbook',
    () => oldOffice('Workbook'),
    unsupported('an Excel workbook in the old format; save it as .xlsx'),
  ],
  [
    'an encrypted Word document',
    () => oldOffice('EncryptedPackage'),
    unparsed('it is encrypted: remove its password and upload it again'),
  ],
  ['an empty zip', () => zip({}), unsupported('a zip archive; upload the files in it one by one')],
  [
    'a zip of zips',
    () => zip({ 'a.zip': zip({ 'b.zip': zip({ c: 'text' }) }) }),
    unsupported('a zip archive; upload the files in it one by one'),
  ],
  [
    'an OpenDocument file',
    openDocument,
    unsupported('an OpenDocument file; save it in an Office format or as PDF'),
  ],
  ['a book', () => zip({ 'META-INF/container.xml': '<c/>' }), unsupported('an EPUB book')],
  ['a zip that is cut', () => good.subarray(0, good.length - 40), unparsed(damagedZip)],
  ['a zip with only a start', () => good.subarray(0, 60), unparsed(damagedZip)],
  ['a zip whose sizes lie', lyingZip, unparsed('its XML is incomplete')],
  ['a zip of 10,001 entries', manyEntries, unparsed(tooLarge)],
  ['a zip bomb', bomb, unparsed(tooLarge)],
  [
    'an Office file without a main part',
    () => officeFile('word/x.xml', {}),
    unparsed('it has no main document'),
  ],
  ['an entity bomb', () => wordWith(laughs), unparsed('its XML declares a document type')],
  ['XML that is nested deeply', () => wordWith(deep), unparsed('its XML is nested too deeply')],
  [
    'XML that is cut',
    () => wordWith('<w:document><w:body><w:p>'),
    unparsed('its XML is incomplete'),
  ],
  [
    'an Office file that is no document',
    () => wordWith('<other/>'),
    unsupported('an Office document of an unknown kind'),
  ],
  ['a Word document without text', () => docx('<w:p/>'), unparsed('it has no text')],
  ['a presentation of pictures', () => pptx(['<p:pic/>']), unparsed('it has no text')],
  ['a workbook that repeats a long text', sharedBomb, unparsed(tooLarge)],
  [
    'HTML of scripts only',
    () => bytesOf('<html><script>a()</script></html>'),
    unparsed('it has no text'),
  ],
  ['a PDF that is cut', () => bytesOf('%PDF-1.7\n1 0 obj'), unparsed(damaged)],
  ['a PDF without pages', () => pdf({ pages: [] }), unparsed(damaged)],
  [
    'an encrypted PDF',
    () => encryptedPdf,
    unparsed('it is encrypted: remove its password and upload it again'),
  ],
  [
    'a scanned PDF',
    () => pdf({ pages: ['', ''] }),
    unparsed('its pages have no text: recognize the text of scanned pages first'),
  ],
  [
    'a PDF whose page tree is a circle',
    () => pdf({ pages: ['(Text) Tj'], kids: '2 0 R', count: 5 }),
    unparsed(damaged),
  ],
  [
    'more text than a file may have',
    () => Buffer.alloc(41_000_000, 'some words '),
    unparsed(tooLarge),
  ],
];

test.each(broken)(
  '%s: one clear reason',
  async (_, make, message) => {
    const error: unknown = await read(make(), 'file.txt').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ExtractionError);
    const code = message.startsWith('The file type') ? 'unsupported_file' : 'invalid_file';
    expect(error).toMatchObject({ message, code });
    // The largest ones take seconds, and machines may be busy.
  },
  120_000,
);

test('reads the next file after a broken one', async () => {
  expect(await read(good, 'a.docx')).toBe('Text\n');
  expect(await read(goodPdf, 'a.pdf')).toBe('Text');
  const manyPages = pdf({ pages: ['(Text) Tj'], count: 1e9 });
  expect(await read(manyPages, 'claims-many-pages.pdf')).toBe('Text');
});
