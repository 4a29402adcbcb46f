import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelEvent } from '../../../../src/engine/models/model.ts';
import { CitedAnswer } from '../../../../src/engine/runs/file-search/cited-answer.ts';
import { nameInMark, Sources, toMark } from '../../../../src/engine/runs/file-search/marks.ts';

const names = ['a.txt', 'b.txt', '報告.pdf'];

function createSources(texts: readonly string[] = []): Sources {
  const sources = new Sources();
  for (const [index, filename] of names.entries()) {
    sources.add({
      number: index + 1,
      position: `0:${index}`,
      file_id: `file-${index + 1}`,
      filename,
    });
  }
  for (const text of texts) sources.noteText(text);
  return sources;
}

interface Shown {
  text: string;
  annotations: { text: string; start_index: number; end_index: number; type: string }[];
}

/** What a message shows whose model wrote these pieces; each belongs to a part. */
function show(
  pieces: readonly (readonly [part: number, text: string])[],
  { sources = createSources(), isJson = false } = {},
): Shown[] {
  const parts: Shown[] = [];
  const answer = new CitedAnswer({ sources, isJson });
  const events: ModelEvent[] = [
    { type: 'message_started' },
    ...pieces.map(([part, text]) => ({ type: 'delta', part, kind: 'text', text }) as const),
    { type: 'message_done' },
  ];
  for (const batch of events) {
    for (const event of answer.readAll([batch])) {
      if (event.type !== 'delta') continue;
      const part = (parts[event.part] ??= { text: '', annotations: [] });
      part.text += event.text;
      if (event.annotation !== undefined) part.annotations.push(event.annotation);
    }
  }
  return parts;
}

const shown = (text: string, options?: Parameters<typeof show>[1]): string =>
  show([[0, text]], options)[0]?.text ?? '';

const [a, b, c] = ['【0:0†a.txt】', '【0:1†b.txt】', '【0:2†報告.pdf】'];

describe('marks that models write become citations', () => {
  test.each([
    ['Yes【1】.', `Yes${a}.`],
    ['Yes 【1】.', `Yes ${a}.`],
    ['Yes【 1 】', `Yes${a}`],
    ['Yes【１】', `Yes${a}`],
    ['Yes【1】【2】', `Yes${a}${b}`],
    ['Yes【1】【1】', `Yes${a}`],
    ['Yes【1】 【1】.', `Yes${a}.`],
    ['Yes【【1】】.', `Yes${a}.`],
    ['Yes [【1】].', `Yes [${a}].`],
    ['Yes【1, 3】', `Yes${a}${c}`],
    ['Yes【1、2】', `Yes${a}${b}`],
    ['Yes【1-3】', `Yes${a}${b}${c}`],
    ['Yes【1†source】', `Yes${a}`],
    ['Yes【1†L5-L8】', `Yes${a}`],
    ['Yes【0:2†source】', `Yes${c}`],
    ['Yes【0:1†b.txt】', `Yes${b}`],
    ['Yes【9:9†b.txt】', `Yes${b}`],
    ['Yes【†2】', `Yes${b}`],
    ['Yes【b.txt】', `Yes${b}`],
    ['Yes【b.txt†L1】', `Yes${b}`],
    ['Yes【source 2】', `Yes${b}`],
    ['Yes【Result 2】', `Yes${b}`],
    ['Yes〖2〗', `Yes${b}`],
    ['Yes［2］.', `Yes${b}.`],
    ['Yes [2].', `Yes ${b}.`],
    ['Yes[2].', `Yes${b}.`],
    ['Yes[1][2].', `Yes${a}${b}.`],
    ['Yes [^2].', `Yes ${b}.`],
    ['Yes [citation:2].', `Yes ${b}.`],
    ['Yes [[2]].', `Yes ${b}.`],
    ['Yes [0:2†source].', `Yes ${c}.`],
    ['Yes\ue200cite\ue202turn0file1\ue201.', `Yes${b}.`],
  ])('%s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

describe('marks that cite nothing are removed', () => {
  test.each([
    ['Yes【4】.', 'Yes.'],
    ['Yes 【4】.', 'Yes.'],
    ['Yes【507416795845449†L142-L160】.', 'Yes.'],
    ['Yes【4:0†source】.', 'Yes.'],
    ['Yes【0:0†old.txt】.', 'Yes.'],
    ['Yes【F:src/main.ts†L1-L26】.', 'Yes.'],
    ['Yes【1】【4】.', `Yes${a}.`],
    ['Yes【1, 4】.', `Yes${a}.`],
    ['Yes [7:1†source].', 'Yes.'],
    ['Yes\ue200cite\ue202turn3search9\ue201.', 'Yes.'],
  ])('%s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

describe('other text in brackets stays', () => {
  test.each([
    '【重要】ご注意ください',
    '【注意】【1番】',
    'the interval [1, 2] and [1-2]',
    'array[1] = 2',
    'f(x)[1](y)',
    '[1](https://example.com)',
    '[1]: https://example.com',
    '- [ ] task [x] done',
    '[2020] and [99]',
    'an open 【1',
    '【1\n】',
    'x = list[2] + list[1]',
    '】1【',
  ])('%s', (text) => {
    expect(shown(text)).toBe(text);
  });

  test('in code', () => {
    const text =
      'Use `【1】` or\n```js\nconst mark = "【1】"; // [2]\n```\nand ~~~【1】\n~~~\n【2】\n~~~\n';
    const expected = text.replace('and ~~~【1】', `and ~~~${a}`);
    expect(shown(text)).toBe(expected);
  });

  test('after inline code that has no end on its line', () => {
    expect(shown('a ` b 【1】\n【1】')).toBe(`a \` b 【1】\n${a}`);
  });

  test('in ordinary brackets, in JSON', () => {
    const text = '{"list": [1], "text": "Yes"}';
    expect(shown(text, { isJson: true })).toBe(text);
  });

  test('in ordinary brackets that the files have too', () => {
    const sources = createSources(['as others [2] have shown']);
    expect(shown('They say [2], and [1].', { sources })).toBe(`They say [2], and ${a}.`);
  });

  test('in ordinary brackets after a mark as it was asked for', () => {
    expect(shown('Yes【1】, see [2].')).toBe(`Yes${a}, see [2].`);
  });
});

test('a mark in JSON leaves it JSON, whatever the name of the file', () => {
  const sources = new Sources();
  const filename = 'a"】\\\n\u0000b.txt';
  sources.add({ number: 1, position: '0:0', file_id: 'file-1', filename });
  const text = shown('{"answer": "Yes【1】"}', { sources, isJson: true });
  expect(JSON.parse(text)).toEqual({ answer: `Yes【0:0†${nameInMark(filename)}】` });
});

test('an annotation of the endpoint moves with the text before it', () => {
  const answer = new CitedAnswer({ sources: createSources(), isJson: false });
  const text = 'See【1】 sandbox:/mnt/data/x.csv and【9】 more【2】';
  const path = 'sandbox:/mnt/data/x.csv';
  const start_index = text.indexOf(path);
  const events: ModelEvent[] = [
    { type: 'message_started' },
    { type: 'delta', part: 0, kind: 'text', text },
    {
      type: 'delta',
      part: 0,
      kind: 'text',
      text: '',
      annotation: {
        type: 'file_path',
        text: path,
        start_index,
        end_index: start_index + path.length,
        file_path: { file_id: 'file-x' },
      },
    },
    { type: 'message_done' },
  ];
  const deltas = [...answer.readAll(events)].filter((event) => event.type === 'delta');
  const value = deltas.map((delta) => delta.text).join('');
  for (const { annotation } of deltas) {
    if (annotation === undefined) continue;
    expect(value.slice(annotation.start_index, annotation.end_index)).toBe(annotation.text);
  }
  expect(deltas.filter(({ annotation }) => annotation?.type === 'file_path')).toHaveLength(1);
});

const fragment = fc.oneof(
  fc.constantFrom(
    '【1】',
    '【2†source】',
    '【0:2†x】',
    '【',
    '】',
    '[1]',
    '[',
    ']',
    '`',
    '```',
    '\n',
    ' ',
    '【9】',
    '1',
    '†',
    '~~~',
    '😀',
    '𝒳',
    '\ud83d',
    '〖3〗',
    '\ue200',
    '\ue201',
    '[[',
    '］',
    'a. ',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const written = fc.array(fragment, { maxLength: 40 }).map((fragments) => fragments.join(''));

/** The text in pieces that end at these places. */
function split(text: string, ends: readonly number[]): string[] {
  const sorted = [...new Set(ends.map((end) => end % (text.length + 1)))].toSorted((x, y) => x - y);
  return [0, ...sorted].map((start, index) => text.slice(start, sorted[index] ?? text.length));
}

describe('however the text is split', () => {
  test('it is shown the same, and every citation stands where it says', () => {
    fc.assert(
      fc.property(written, fc.array(fc.nat(), { maxLength: 60 }), (text, ends) => {
        const [whole = { text: '', annotations: [] }] = show([[0, text]]);
        const pieces = split(text, ends).map((piece) => [0, piece] as const);
        const [pieced = { text: '', annotations: [] }] = show(pieces);
        expect(pieced).toEqual(whole);
        for (const { text: mark, start_index, end_index } of pieced.annotations) {
          expect(pieced.text.slice(start_index, end_index)).toBe(mark);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('parts do not mix', () => {
    fc.assert(
      fc.property(written, written, fc.array(fc.nat(), { maxLength: 20 }), (one, two, ends) => {
        const first = split(one, ends).map((piece) => [0, piece] as const);
        const second = split(two, ends).map((piece) => [1, piece] as const);
        const mixed = first.flatMap((piece, index) => [piece, ...second.slice(index, index + 1)]);
        const all = [...mixed, ...second.slice(first.length)];
        const parts = show(all);
        expect([parts[0]?.text ?? '', parts[1]?.text ?? '']).toEqual([shown(one), shown(two)]);
      }),
    );
  });

  test('what is not a mark is never changed', () => {
    const plain = fc
      .string({ unit: 'grapheme' })
      .map((text) => text.replaceAll(/[【〖[［\ue200]/gu, ''));
    fc.assert(
      fc.property(plain, (text) => {
        expect(shown(text)).toBe(text);
      }),
    );
  });
});

test.each(['【', '[', '`', '【1】', '[1] ', '【1', ' ', '【1】`', '\n```\n', '[[[['])(
  'many of %j take linear time, whole or in pieces',
  (unit) => {
    const timeOf = (length: number) => {
      const text = unit.repeat(Math.ceil(length / unit.length));
      const start = process.cpuUsage();
      shown(text);
      show(text.match(/.{1,7}/gsu)?.map((piece) => [0, piece] as const) ?? []);
      return process.cpuUsage(start).user;
    };
    timeOf(20_000);
    const [short, long] = [timeOf(40_000), timeOf(240_000)];
    expect(long).toBeLessThan(Math.max(short, 20_000) * 6 * 4);
  },
);

test('the mark of a file has at most 100 characters of its name, and whole ones', () => {
  const filename = `${'a'.repeat(99)}😀.txt`;
  const mark = toMark({ number: 1, position: '3:1', file_id: 'file-1', filename });
  expect(mark).toBe(`【3:1†${'a'.repeat(99)}】`);
});
