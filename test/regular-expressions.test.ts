import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Text of a comment, string or regular expression; only expressions are in a group. */
const tokenPattern =
  /\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|(?:(?<=[(,=:[!&|?;{}>+]\s*|\breturn\s|^\s*)\/((?:[^/\\[\n`]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*(?=[\s,.;:)\]}]|$)))/gmu;

/** The regular expressions of a file, as written. */
const expressionsOf = (source: string): RegExp[] =>
  [...source.matchAll(tokenPattern)].flatMap(([, body, flags = '']) =>
    body === undefined ? [] : [new RegExp(body, flags.replace(/[gy]/gu, ''))],
  );

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/u.test(path))
  .map((path) => readFileSync(join('src', path), 'utf8'));

const expressions = [
  ...new Map(
    sources.flatMap(expressionsOf).map((expression) => [String(expression), expression]),
  ).values(),
];

/** A part of a pattern that is no literal character, or an escaped one. */
const nonLiteral =
  /\\x([\da-f]{2})|\\u\{?([\da-f]{4,5})\}?|\\p\{\w+\}|\\[bBdDsSwWnr0]|\\(.)|\[(?:[^\]\\]|\\.)*\]|\(\?(?:<?[!=]|:|<\w+>)|\{[\d,]+\}|[()|^$.*+?]/gu;

/** The literal texts of a pattern, between whatever has a meaning of its own. */
const literalsOf = ({ source }: RegExp): string[] =>
  source
    .replaceAll(nonLiteral, (_, short?: string, long?: string, escaped = '\0') => {
      const code = short ?? long;
      return code === undefined ? escaped : String.fromCodePoint(Number.parseInt(code, 16));
    })
    .split('\0')
    .filter(Boolean);

const commonUnits = [' ', 'a', 'Z', '1', '/', '.', '"', "'", '-', '_', ':', '@', '=', '\n', 'é'];

/** Pairs of a start and a text to repeat after it, made from what the pattern itself matches. */
function pumps(expression: RegExp): (readonly [start: string, unit: string])[] {
  const literals = literalsOf(expression);
  const starts = ['', ...literals.map((_, index) => literals.slice(0, index + 1).join('a'))];
  const units = [...new Set([...commonUnits, ...literals, ...literals.map((text) => `${text}a`)])];
  const mixed = units.flatMap((unit) => [unit, `${unit} `]);
  return [...new Set(starts)].flatMap((start) => mixed.map((unit) => [start, unit] as const));
}

const inputOf = ([start, unit]: readonly [string, string], length: number, end: string): string =>
  start + unit.repeat(Math.ceil(length / unit.length)) + end;

/** The shortest computing time of a few measurements, all matches of the text included. */
function milliseconds(expression: RegExp, text: string, repetitions: number): number {
  const global = new RegExp(expression.source, `${expression.flags}g`);
  const times = Array.from({ length: repetitions }, () => {
    const start = process.cpuUsage();
    text.replace(global, '');
    return process.cpuUsage(start).user / 1000;
  });
  return Math.min(...times);
}

/** Linear patterns need about 0.1 ms for this; quadratic ones far more than the limit. */
const probe = { length: 16_384, limitMs: 3 };

/** A quadratic pattern that needs 50 ms for 64 KiB needs this for half of it. */
const measured = { length: 32_768, limitMs: 12, maxGrowth: 3 };

/** The input on which the time grows faster than the text; null: there is none. */
function slowInput(expression: RegExp): string | null {
  for (const pump of pumps(expression)) {
    for (const end of ['\0', '\n\0']) {
      const timeOf = (length: number, repetitions: number) =>
        milliseconds(expression, inputOf(pump, length, end), repetitions);
      if (timeOf(probe.length, 1) < probe.limitMs) continue;
      if (timeOf(measured.length, 2) < measured.limitMs) continue;
      // In turn, and again, because another process can slow some measurements down.
      const growth = () => {
        const lengths = [measured.length, measured.length / 2];
        const times = Array.from({ length: 5 }, () => lengths.map((length) => timeOf(length, 1)));
        const [whole, half] = lengths.map((_, index) =>
          Math.min(...times.map((pair) => pair[index] ?? Infinity)),
        );
        return (whole ?? Infinity) / (half ?? 1);
      };
      if (growth() > measured.maxGrowth && growth() > measured.maxGrowth) {
        return JSON.stringify([...pump, end]);
      }
    }
  }
  return null;
}

test('the scanner finds every kind of regular expression and nothing else', () => {
  const source = String.raw`
    const a = /a\/b/u; // not /this/
    call(/[/"]/u, 'not /this/', "nor /this/");
    const division = total / parts / 2;
    return /c/iu.test(text) ? /d/u : { pattern: /^e/u };
    /* nor /this/ */
    /f/u.test(text);`;
  expect(expressionsOf(source).map(String)).toEqual([
    String.raw`/a\/b/u`,
    '/[/"]/u',
    '/c/iu',
    '/d/u',
    '/^e/u',
    '/f/u',
  ]);
});

test.each([
  /(?<=\bBearer\s+)[^\s"',]{4,}/u,
  /\bsystem\b.*\brole\b/u,
  /^ids (.*), got (.*);$/u,
  /\/+$/u,
  /:.*$/u,
  /^.*image.*$/u,
])('finds an input on which %s is quadratic', (expression) => {
  expect(slowInput(expression)).not.toBeNull();
});

test('there are regular expressions in the source code', () => {
  expect(expressions.length).toBeGreaterThan(50);
});

test.each(expressions)('%s takes linear time', (expression) => {
  expect(slowInput(expression)).toBeNull();
});

test('no regular expression is built from a text', () => {
  expect(sources.filter((source) => /\bRegExp\(/u.test(source))).toEqual([]);
});
