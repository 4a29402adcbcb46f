import { fieldOf, parseJson } from './json.ts';
import { maxForeignTextLength } from './redact.ts';

/** Relays nest the error of the server behind them. */
const maxDepth = 6;

/** Where the value of `message` begins, in JSON or in what Python prints of it, escaped or not. */
const printedMessage = /["']message\\*["']\s{0,9}:\s{0,9}\\*(["'])/gu;

/** What follows the end of a value. */
const afterValue = /^\s{0,9}(?:\\{1,9}n\s{0,99})?[,}]/u;

const unescaped = (text: string): string =>
  text
    .replace(/\\+(["'nt]?)/gu, (_, character: string) =>
      character === 'n' || character === 't' ? ' ' : character,
    )
    .trim();

/** The message of the innermost object that is printed in a text; null: there is none. */
function printedSentence(text: string): string | null {
  const match = [...text.matchAll(printedMessage)].at(-1);
  const quote = match?.[1];
  if (match === undefined || quote === undefined) return null;
  const start = match.index + match[0].length;
  for (let end = text.indexOf(quote, start); end >= 0; end = text.indexOf(quote, end + 1)) {
    if (afterValue.test(text.slice(end + 1, end + 120))) {
      return unescaped(text.slice(start, end)) || null;
    }
  }
  return null;
}

/** Where an object begins that is printed in a text. */
const objectStart = /(?:b["'])?\{\s{0,9}(?:\\n)?\s{0,9}\\*["']/u;

/** A text without the markup of a web page. */
function pageSentence(text: string): string | null {
  if (!/^\s*<(?:!doctype|html|head|body|h1|center)/iu.test(text)) return null;
  const content = text
    .replace(/<(?:style|script)[^>]*>[^<]*/giu, ' ')
    .replace(/<[^<>]*>/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  return content === '' ? null : content;
}

/** What comes before the error in a body that is an event of a stream. */
const eventPrefix = /^(?:event:[^\n]{0,100}\n)?data:\s{0,9}/u;

/** A text that may be JSON, a web page, or a sentence with an object in it. */
function textSentence(text: string, depth: number): string | null {
  const excerpt = text.slice(0, maxForeignTextLength).trim().replace(eventPrefix, '');
  const value = /^[{["]/u.test(excerpt) ? parseJson(excerpt) : undefined;
  const parsed = value === undefined || value === text ? null : sentenceIn(value, depth + 1);
  if (parsed !== null) return parsed;
  const page = pageSentence(excerpt);
  if (page !== null) return page;
  const inner = printedSentence(excerpt);
  if (inner === null) return excerpt === '' ? null : excerpt;
  const [before = ''] = excerpt.split(objectStart);
  const prefix = before.trim().replace(/ ?[-:,]$/u, '');
  return prefix === '' || inner.includes(prefix) ? inner : `${prefix}: ${inner}`;
}

/** The validation errors of FastAPI. */
function detailSentence(details: readonly unknown[]): string | null {
  const sentences = details.flatMap((detail) => {
    const [message, place] = [fieldOf(detail, 'msg'), fieldOf(detail, 'loc')];
    if (typeof message !== 'string') return [];
    return [Array.isArray(place) ? `${place.join('.')}: ${message}` : message];
  });
  return sentences.length === 0 ? null : sentences.join('; ');
}

const combine = (outer: string | null, inner: string | null): string | null => {
  if (outer === null || inner === null) return inner ?? outer;
  return inner.includes(outer.replace(/[.:]$/u, ''))
    ? inner
    : `${outer.replace(/[.:]$/u, '')}: ${inner}`;
};

/** The sentence of an error body in any of the forms that servers send; null: it has none. */
export function sentenceIn(body: unknown, depth = 0): string | null {
  if (depth > maxDepth || body === null || body === undefined) return null;
  if (typeof body === 'string') return textSentence(body, depth);
  if (typeof body !== 'object') return null;
  if (Array.isArray(body)) return detailSentence(body) ?? sentenceIn(body[0], depth + 1);
  const next = (value: unknown) => sentenceIn(value, depth + 1);
  const metadata = fieldOf(body, 'metadata');
  const raw = next(fieldOf(metadata, 'raw'));
  const provider = fieldOf(metadata, 'provider_name');
  const cause = raw !== null && typeof provider === 'string' ? `${raw} (${provider})` : raw;
  const own = ['message', 'error', 'detail', 'error_message', 'msg', 'errors']
    .map((name) => next(fieldOf(body, name)))
    .find((sentence) => sentence !== null);
  return combine(own ?? null, cause);
}
