import { Parser } from 'htmlparser2';
import { decodeText } from './decode-text.ts';
import { type Section, TextBuilder } from './text-builder.ts';

/** Elements whose content nobody reads. */
const hidden = new Set(['script', 'style', 'template', 'noscript', 'svg', 'iframe', 'object']);

/** Elements that are lines of their own. */
const blocks = new Set(
  'address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol option p pre section select summary table tbody tfoot thead title tr ul'.split(
    ' ',
  ),
);

const headings = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'table', 'ul', 'ol', 'pre']);

const cells = new Set(['td', 'th']);

/** The encoding that an HTML file names at its start. */
const declaredEncoding = (bytes: Uint8Array): string | undefined =>
  /<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})/iu.exec(
    Buffer.from(bytes.subarray(0, 4096)).toString('latin1'),
  )?.[1];

/** Writes the text of a page: no scripts, white space as a browser shows it. */
class HtmlText {
  readonly text = new TextBuilder();
  #hiddenDepth = 0;
  #preformatted = 0;
  #needsSpace = false;
  #isLineStart = true;

  open(name: string): void {
    if (hidden.has(name)) this.#hiddenDepth += 1;
    if (name === 'pre') this.#preformatted += 1;
    this.#endBlock(name);
  }

  close(name: string): void {
    if (hidden.has(name)) this.#hiddenDepth -= 1;
    if (name === 'pre') this.#preformatted -= 1;
    if (cells.has(name)) this.#append('\t');
    this.#endBlock(name);
  }

  add(text: string): void {
    if (this.#hiddenDepth > 0) return;
    if (this.#preformatted > 0) return this.#append(text);
    const words = text.split(/[\s\u00A0]+/u).filter(Boolean);
    if (words.length === 0) {
      this.#needsSpace ||= text !== '';
      return;
    }
    const hasSpace = this.#needsSpace || /^\s/u.test(text);
    if (hasSpace && !this.#isLineStart) this.text.append(' ');
    this.#append(words.join(' '));
    this.#needsSpace = /\s$/u.test(text);
  }

  #append(text: string): void {
    this.text.append(text);
    this.#isLineStart = text.endsWith('\n') || text.endsWith('\t');
    this.#needsSpace = false;
  }

  #endBlock(name: string): void {
    if (!blocks.has(name)) return;
    this.text.endLine();
    // A blank line separates paragraphs.
    if (headings.has(name) && !this.#isLineStart) this.text.append('\n');
    this.#isLineStart = true;
    this.#needsSpace = false;
  }
}

const pieceLength = 65_536;

/** The text of an HTML page. */
export function* readHtml(bytes: Uint8Array): Iterable<Section> {
  const html = decodeText(bytes, declaredEncoding(bytes));
  const output = new HtmlText();
  const parser = new Parser({
    onopentagname: (name) => output.open(name),
    onclosetag: (name) => output.close(name),
    ontext: (text) => output.add(text),
  });
  for (let start = 0; start < html.length; start += pieceLength) {
    parser.write(html.slice(start, start + pieceLength));
  }
  parser.end();
  yield { page: null, text: output.text.take() };
}
