import { parseJson } from '../../shared/json.ts';
import { pythonLiteralToJson } from './python-literal.ts';
import { UnusableAnswer } from './upstream-error.ts';

/** Longer arguments are only checked as a whole. */
const maxRepairedLength = 65_536;

/** Where the value ends that starts at `start`, an object or a string; -1 if it does not end. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '"') isInString = !isInString;
    else if (!isInString && character === '{') depth += 1;
    else if (!isInString && character === '}') depth -= 1;
    if (depth === 0 && !isInString) return at + 1;
  }
  return -1;
}

/** The objects and strings that a text consists of; null if there is anything else in it. */
function valuesIn(text: string): unknown[] | null {
  const values: unknown[] = [];
  for (let rest = text.trim(); rest !== '';) {
    if (rest.startsWith('null')) {
      rest = rest.slice(4).trimStart();
      continue;
    }
    const end = /^[{"]/u.test(rest) ? endOfValue(rest, 0) : -1;
    const value = end < 0 ? undefined : parseJson(rest.slice(0, end));
    if (value === undefined) return null;
    values.push(value);
    rest = rest.slice(end).trimStart();
  }
  return values;
}

/** Undoes double encoding. */
function decoded(value: unknown): unknown {
  const inner = typeof value === 'string' && /^\s*[{"]/u.test(value) ? parseJson(value) : undefined;
  return inner === undefined ? value : decoded(inner);
}

/** The arguments in a text that has the same ones several times, or empty ones before them. */
function repeatedArguments(text: string): string | null {
  const values = valuesIn(text);
  if (values === null) return null;
  const texts = new Set(
    values
      .map((value) => JSON.stringify(decoded(value)))
      .filter((json) => !/^(?:\{\}|"\s*")$/u.test(json)),
  );
  const [only = '{}'] = texts;
  return texts.size > 1 ? null : only;
}

/** Longer texts, and more places in them, are not tried: each takes as long as the text. */
const maxRestart = { length: 65_536, places: 50 };

/** The arguments in a text in which they begin, and then come as a whole; null if there are none. */
function restartedArguments(text: string): string | null {
  if (text.length > maxRestart.length) return null;
  let at = 0;
  for (let place = 0; place < maxRestart.places; place += 1) {
    at = text.indexOf('{', at + 1);
    if (at < 0) return null;
    const whole = text.slice(at);
    if (whole.startsWith(text.slice(0, at)) && parseJson(whole) !== undefined) return whole;
  }
  return null;
}

/** Whether each piece has all of the one before it: some servers send the arguments so far each time. */
const isCumulative = (pieces: readonly string[]): boolean =>
  pieces.length > 1 && pieces.every((piece, index) => piece.startsWith(pieces[index - 1] ?? ''));

/**
 * The arguments of a call as JSON text: as the model wrote them if they are JSON, else what they were
 * meant to be. `pieces` are those of a stream. Null: that cannot be told.
 */
export function repairArguments(pieces: readonly string[]): string | null {
  const text = pieces.join('');
  const value = parseJson(text);
  const isPlain = value !== undefined && value !== null && typeof value !== 'string';
  if (isPlain) return text;
  if (text.length > maxRepairedLength) return null;
  const filled = pieces.filter((piece) => piece !== '');
  const lastPiece = isCumulative(filled) ? (filled.at(-1) ?? '') : text;
  const literal = text.trim() === 'None' ? '' : text;
  return (
    repeatedArguments(lastPiece) ??
    repeatedArguments(literal) ??
    restartedArguments(literal.trim()) ??
    pythonLiteralToJson(literal)
  );
}

/** {@link repairArguments}; throws an {@link UnusableAnswer} if they cannot be repaired. */
export function usableArguments(name: string, pieces: readonly string[]): string {
  const text = repairArguments(pieces);
  if (text !== null) return text;
  throw new UnusableAnswer(`The model called ${name} with arguments that are not JSON.`);
}

/** Whether two texts are the same arguments, however they are encoded. */
export function areSameArguments(one: string, other: string): boolean {
  const [first, second] = [repairArguments([one]), repairArguments([other])];
  return (
    first !== null &&
    second !== null &&
    JSON.stringify(parseJson(first)) === JSON.stringify(parseJson(second))
  );
}
