import { expect, test } from 'vitest';
import { readFile } from '../../../src/engine/vector-stores/extract/read-file.ts';
import { docx, officeFile, paragraph, pdf, pptx, rels, xlsx } from '../../support/documents.ts';

const run = (xml: string) => `<w:r>${xml}</w:r>`;

const slide = (text: string) =>
  `<a:p><a:r><a:t>${text}</a:t></a:r><a:fld type="slidenum"><a:t>7</a:t></a:fld></a:p>`;

async function sections(content: Uint8Array | string, filename = 'file') {
  const bytes = new Uint8Array(Buffer.from(content));
  const found: { page: number | null; text: string }[] = [];
  for await (const section of readFile(bytes, filename)) found.push(section);
  return found;
}

const textOf = async (content: Uint8Array | string, filename?: string) =>
  (await sections(content, filename)).map(({ text }) => text).join('');

const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();

test.each([
  ['UTF-8', Buffer.from('Grüße, 漢字')],
  ['UTF-8 with a byte order mark', Buffer.from('\uFEFFGrüße, 漢字')],
  ['UTF-16 with a byte order mark', Buffer.from('\uFEFFGrüße, 漢字', 'utf16le')],
  ['UTF-16 with the bytes swapped', utf16be('\uFEFFGrüße, 漢字')],
  ['UTF-16 without a byte order mark', Buffer.from('Grüße, 漢字', 'utf16le')],
  ['swapped UTF-16 without one', utf16be('Grüße, 漢字')],
])('reads text in %s', async (_, bytes) => {
  expect(await textOf(bytes)).toBe('Grüße, 漢字');
});

test('reads text in Latin-1 as Windows extends it', async () => {
  const bytes = Buffer.from('Stra\xdfe, \x93quoted\x94, 5 \x80, na\xefve', 'latin1');
  expect(await textOf(bytes, 'a.csv')).toBe('Straße, “quoted”, 5 €, naïve');
});

test('reads UTF-8 that ends within a character', async () => {
  const bytes = Buffer.from(`${'öäü'.repeat(50)}漢`).subarray(0, -1);
  expect(await textOf(bytes)).toBe(`${'öäü'.repeat(50)}\uFFFD`);
});

test('reads line ends of every system as one', async () => {
  expect(await textOf('a\r\nb\rc\nd')).toBe('a\nb\nc\nd');
});

test.each(['a.md', 'a.json', 'a.csv', 'a.py', 'a.ts', 'a.tex', 'noname'])(
  'reads %s as it is',
  async (name) => {
    expect(await textOf('{"a": [1, 2]}\n', name)).toBe('{"a": [1, 2]}\n');
  },
);

test('reads an HTML page without its scripts, and keeps what is preformatted', async () => {
  const html = `<!DOCTYPE html><html><head><title>Title</title><style>p{}</style>
    <script>var a = "<p>no</p>";</script></head><body><h1>One &amp; two</h1><p>A <b>bold</b>
    word.<br>Next</p><ul><li>first</li><li>second</li></ul><pre>  x\n    y</pre>
    <table><tr><td>a</td><td>b</td></tr></table></body></html>`;
  expect(await textOf(html)).toBe(
    'Title\nOne & two\n\nA bold word.\nNext\n\nfirst\nsecond\n  x\n    y\n\na\tb\t\n',
  );
});

test('reads an HTML page in the encoding that it names', async () => {
  const html = Buffer.from('<html><meta charset="koi8-r"><p>\xf0\xd2\xc9\xd7\xc5\xd4', 'latin1');
  expect((await textOf(html)).trim()).toBe('Привет');
});

test('reads a Word document: tabs, breaks, tables and notes, but nothing deleted or hidden', async () => {
  const body = [
    paragraph('First'),
    `<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>${run('<w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t>')}</w:p>`,
    `<w:p>${run('<w:t>kept</w:t>')}<w:del>${run('<w:delText>gone</w:delText>')}</w:del>${run('<w:instrText>PAGE</w:instrText>')}</w:p>`,
    `<w:p>${run('<w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t>')}${run('<w:t>shown</w:t>')}</w:p>`,
    `<w:p>${run('<w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby>')}</w:p>`,
    `<w:tbl><w:tr><w:tc>${paragraph('x')}<w:tbl><w:tr><w:tc>${paragraph('inner')}</w:tc></w:tr></w:tbl></w:tc><w:tc>${paragraph('y')}</w:tc></w:tr></w:tbl>`,
    '<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>',
  ].join('');
  const text = await textOf(
    docx(body, {
      'word/_rels/document.xml.rels': rels({ id: 'r', type: 'footnotes', target: 'footnotes.xml' }),
      'word/footnotes.xml': `<w:footnotes>${paragraph('A note')}</w:footnotes>`,
    }),
    'a.txt',
  );
  for (const expected of ['First\n', 'a\tb\nc\n', 'kept\n', 'shown\n', '東京\n', 'A note\n']) {
    expect(text).toContain(expected);
  }
  expect(text).toMatch(/x +inner +\t\t?y \t\n/u);
  expect(text).not.toMatch(/gone|PAGE|hidden|とうきょう/u);
  expect(text.match(/box/gu)).toHaveLength(1);
});

test('finds the main part by its relationship, as Word on the web names it', async () => {
  const bytes = officeFile('/word/document2.xml', {
    'word/document2.xml': `<w:document><w:body>${paragraph('Here')}</w:body></w:document>`,
  });
  expect(await textOf(bytes)).toBe('Here\n');
});

test('reads a presentation: a page for each slide, in the order in which they are shown', async () => {
  expect(await sections(pptx([slide('One'), '<a:p/>', slide('Three')]))).toEqual([
    { page: 1, text: 'One\n' },
    { page: 3, text: 'Three\n' },
  ]);
});

test('reads a workbook: shared and inline texts, numbers, truth values and dates', async () => {
  const bytes = xlsx({
    strings:
      '<si><t/></si><si><t>東京</t><rPh><t>トウキョウ</t></rPh></si><si><r><t>Rich </t></r><r><t>text</t></r></si>',
    styles:
      '<numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/><numFmt numFmtId="165" formatCode="&quot;day&quot; 0"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>',
    rows: `<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c><c t="s"><v>2</v></c></row>
      <row><c><v>12.5</v></c><c t="b"><v>1</v></c><c t="inlineStr"><is><t>inline</t></is></c></row>
      <row><c s="1"><v>45000</v></c><c s="2"><v>45000.75</v></c><c s="3"><v>45000</v></c></row>`,
  });
  expect(await textOf(bytes)).toBe(
    'Prices\n東京\tRich text\t\n12.5\tTRUE\tinline\t\n2023-03-15\t2023-03-15 18:00:00\t45000\t\n',
  );
});

test('reads a PDF page by page; what is before its header does not matter', async () => {
  const bytes = pdf({ pages: ['(First page) Tj', '(Second page) Tj'] });
  expect(await sections(bytes)).toEqual([
    { page: 1, text: 'First page' },
    { page: 2, text: 'Second page' },
  ]);
  expect(await textOf(Buffer.concat([Buffer.from('junk\n'), bytes]))).toContain('First page');
});

test('the content decides, not the name', async () => {
  expect(await textOf(pdf({ pages: ['(Text) Tj'] }), 'a.docx')).toBe('Text');
  expect(await textOf(docx(paragraph('Text')), 'a.pdf')).toBe('Text\n');
  expect(await textOf('# Text', 'a.pdf')).toBe('# Text');
});
