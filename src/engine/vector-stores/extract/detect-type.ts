import { encrypted, notParsed, notSupported } from './extraction-error.ts';

/** What a file is, by its content; its name decides nothing that the content says. */
export type FileType = 'pdf' | 'zip' | 'html' | 'text';

/** Types that have no text: their first bytes, as Latin-1, after `offset` other bytes. */
const signatures: readonly (readonly [type: string, start: string, offset?: number])[] = [
  ['a PNG image', '\x89PNG\r\n'],
  ['a JPEG image', '\xff\xd8\xff'],
  ['a GIF image', 'GIF8'],
  ['a WebP image', 'WEBP', 8],
  ['a TIFF image', 'II*\0'],
  ['a TIFF image', 'MM\0*'],
  ['a WAV file', 'WAVEfmt ', 8],
  ['an MP3 file', 'ID3'],
  ['an MP4 or HEIC file', 'ftyp', 4],
  ['an Ogg file', 'OggS'],
  ['a Matroska or WebM file', '\x1aE\xdf\xa3'],
  ['a gzip archive', '\x1f\x8b'],
  ['a bzip2 archive', 'BZh'],
  ['an xz archive', '\xfd7zXZ\0'],
  ['a 7z archive', "7z\xbc\xaf'\x1c"],
  ['a Zstandard archive', '\x28\xb5\x2f\xfd'],
  ['a RAR archive', 'Rar!\x1a'],
  ['a tar archive', 'ustar', 257],
  ['a program', '\x7fELF'],
  ['a program', 'MZ\x90\0'],
  ['a WebAssembly module', '\0asm'],
  ['a Java class', '\xca\xfe\xba\xbe'],
  ['an SQLite database', 'SQLite format 3\0'],
  ['a Parquet file', 'PAR1'],
  ['a PostScript file', '%!PS-Adobe'],
  ['an RTF document; save it as .docx', '{\\rtf'],
];

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start, end);

const contains = (bytes: Uint8Array, name: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(name, 'utf16le'));

const oldOfficeTypes = [
  ['WordDocument', 'a Word document in the old format; save it as .docx'],
  ['PowerPoint Document', 'a presentation in the old format; save it as .pptx'],
  ['Workbook', 'an Excel workbook in the old format; save it as .xlsx'],
] as const;

/** Office files before 2007, and encrypted ones since then, are in the same container. */
function oldOfficeError(bytes: Uint8Array): Error {
  if (contains(bytes, 'EncryptedPackage')) return encrypted();
  const known = oldOfficeTypes.find(([stream]) => contains(bytes, stream));
  return notSupported(known?.[1] ?? 'a file in the old Office format');
}

/** A zip archive begins with a file, with its end or as a part of several. */
const zipStarts = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

/** PDF readers accept other bytes before the header. */
const maxPdfOffset = 1024;

const htmlStart =
  /^\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^]{0,500}?-->\s*)?<(?:!doctype html|html)[\s>]/iu;

const isHtmlName = (filename: string): boolean => /\.x?html?$/iu.test(filename);

/** What a file is; throws for one that has no text. */
export function detectType(bytes: Uint8Array, filename: string): FileType {
  if (bytes.length === 0) throw notParsed('it is empty');
  const start = latin1(bytes, 0, maxPdfOffset);
  if (start.includes('%PDF-')) return 'pdf';
  if (zipStarts.some((zip) => start.startsWith(zip))) return 'zip';
  if (start.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) throw oldOfficeError(bytes);
  const known = signatures.find(([, text, offset = 0]) => start.startsWith(text, offset));
  if (known !== undefined) throw notSupported(known[0]);
  // Text in UTF-16 has a zero after each of these characters.
  const text = start.replaceAll('\0', '').replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/u, '');
  return htmlStart.test(text) || isHtmlName(filename) ? 'html' : 'text';
}
