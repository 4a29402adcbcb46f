import { marked, type Token, type Tokens } from 'marked';
import type { ComponentChildren, VNode } from 'preact';
import { useMemo } from 'preact/hooks';

/*
 * Tokens become elements one by one. HTML in a text is shown as text, so that nothing that a model or
 * a file wrote is ever markup of this page.
 */

/** Parsing a longer text takes too long; it is shown as it is. */
const maxMarkdownLength = 200_000;

const linkSchemes: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

const isSafeLink = (href: string): boolean => linkSchemes.has(URL.parse(href)?.protocol ?? '');

const Link = ({ href, children }: { href: string; children: ComponentChildren }) =>
  isSafeLink(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  ) : (
    <span>{children}</span>
  );

function Code({ text, lang }: { text: string; lang?: string | undefined }) {
  const copy = () => void navigator.clipboard?.writeText(text);
  return (
    <div class="code">
      <div class="code-bar">
        <span>{lang ?? ''}</span>
        <button type="button" class="quiet" onClick={copy}>
          Copy
        </button>
      </div>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

const headings = ['h3', 'h4', 'h5', 'h6', 'h6', 'h6'] as const;

const Table = ({ token, wrap }: { token: Tokens.Table; wrap: Wrap }) => (
  <div class="table-scroll" tabIndex={0}>
    <table>
      <thead>
        <tr>
          {token.header.map((cell) => (
            <th scope="col">{inline(cell.tokens, wrap)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {token.rows.map((row) => (
          <tr>
            {row.map((cell) => (
              <td>{inline(cell.tokens, wrap)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const List = ({ token, wrap }: { token: Tokens.List; wrap: Wrap }) => {
  const items = token.items.map((item) => (
    <li>
      {item.task && (
        <input type="checkbox" checked={item.checked === true} disabled aria-label="task" />
      )}
      {blocks(item.tokens, wrap)}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
};

/** Replaces a piece of plain text, for example the marks of citations in it. */
export type Wrap = (text: string) => ComponentChildren;

/** The characters that Markdown escapes as HTML. */
const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

const plain = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot|#39);/gu, (entity) => entities[entity] ?? entity);

function inlineToken(token: Token, wrap: Wrap): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens, wrap)}</strong>;
    case 'em':
      return <em>{inline(token.tokens, wrap)}</em>;
    case 'del':
      return <del>{inline(token.tokens, wrap)}</del>;
    case 'codespan':
      return <code>{plain(token['text'])}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Link href={token['href']}>{inline(token.tokens, wrap)}</Link>;
    case 'image':
      // Only this server's own images are loaded.
      return <Link href={token['href']}>🖼 {token['text'] || token['href']}</Link>;
    case 'escape':
      return wrap(token['text']);
    case 'text':
      return token.tokens === undefined ? wrap(plain(token['text'])) : inline(token.tokens, wrap);
    default:
      return wrap(token.raw);
  }
}

const inline = (tokens: Token[] | undefined, wrap: Wrap): ComponentChildren =>
  (tokens ?? []).map((token) => inlineToken(token, wrap));

const isList = (token: Token): token is Tokens.List => token.type === 'list';

const isTable = (token: Token): token is Tokens.Table => token.type === 'table';

function blockToken(token: Token, wrap: Wrap): ComponentChildren {
  if (isList(token)) return <List token={token} wrap={wrap} />;
  if (isTable(token)) return <Table token={token} wrap={wrap} />;
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading': {
      const Heading = headings[token['depth'] - 1] ?? 'h6';
      return <Heading>{inline(token.tokens, wrap)}</Heading>;
    }
    case 'paragraph':
      return <p>{inline(token.tokens, wrap)}</p>;
    case 'code':
      return <Code text={token['text']} lang={token['lang']} />;
    case 'blockquote':
      return <blockquote>{blocks(token.tokens, wrap)}</blockquote>;
    case 'hr':
      return <hr />;
    case 'html':
      return <p>{wrap(token.raw)}</p>;
    default:
      return inlineToken(token, wrap);
  }
}

const blocks = (tokens: Token[] | undefined, wrap: Wrap): ComponentChildren =>
  (tokens ?? []).map((token) => blockToken(token, wrap));

/** Deeper elements would exceed the stack. */
const maxDepth = 50;

const isTooDeep = (tokens: readonly Token[], depth = 0): boolean =>
  depth > maxDepth ||
  tokens.some((token) => {
    const inner = isList(token) ? token.items : 'tokens' in token ? token.tokens : undefined;
    return inner !== undefined && isTooDeep(inner, depth + 1);
  });

/** The tokens of a text; null for one that is too long or too deep to be shown as Markdown. */
function parse(text: string): Token[] | null {
  if (text.length > maxMarkdownLength) return null;
  try {
    const tokens = marked.lexer(text, { gfm: true, breaks: true });
    return isTooDeep(tokens) ? null : tokens;
  } catch {
    // The parser itself exceeds the stack.
    return null;
  }
}

/** Markdown as elements; `wrap` may replace pieces of plain text. */
export function Markdown({ text, wrap = (piece) => piece }: { text: string; wrap?: Wrap }): VNode {
  const tokens = useMemo(() => parse(text), [text]);
  if (tokens === null) return <pre class="plain">{text}</pre>;
  return <div class="markdown">{blocks(tokens, wrap)}</div>;
}
