import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPythonText, pythonToJson } from '../../../src/engine/transfer/python-text.ts';
import { toPython } from '../../support/import-shapes.ts';

test.each<[python: string, value: unknown]>([
  ['None', null],
  ['[True, False, nan]', [true, false, null]],
  [`{'a': 1, "b": (1, 2,), 3: -1.5e3}`, { a: 1, b: [1, 2], 3: -1500 }],
  [`'it\\'s \\x41\\u00e9\\U0001f600\\t"' `, `it's Aé😀\t"`],
  [`u"it's"`, "it's"],
  [String.raw`r'\d'`, String.raw`\d`],
  [`'''two\nlines'''`, 'two\nlines'],
  ['Page[Message](data=[], has_more=False)', { data: [], has_more: false }],
  ['Text(annotations=[], value="a")', { annotations: [], value: 'a' }],
  [`{'role': <MessageRole.USER: 'user'>}`, { role: 'user' }],
  [`datetime.datetime(2024, 5, 1, 10, 0, tzinfo=TzInfo(UTC))`, '2024-05-01T10:00:00Z'],
  [`UUID('550e8400')`, '550e8400'],
  ['Empty()', {}],
  ['1_000', 1000],
])('reads %s', (python, value) => {
  expect(JSON.parse(pythonToJson(python))).toEqual(value);
});

test.each(['[1', '{1}', 'name', 'f(1, a=2)', "'open", '<object at 0x7f>', '?', "'\\xzz'"])(
  'rejects %s',
  (python) => {
    expect(() => pythonToJson(python)).toThrow(/^unexpected '/u);
  },
);

test('reads everything that Python prints for JSON', () => {
  const anyValue = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(JSON.parse(pythonToJson(toPython(value)))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keeps every line end outside of texts, and those within after them', () => {
  const json = pythonToJson("[\n 'a',\n\n 'b\nc',\n 1]");
  expect(json.split('\n')).toHaveLength(6);
  expect(JSON.parse(json)).toEqual(['a', 'b\nc', 1]);
});

test.each([
  ["[{'id': 1}]", true],
  ['SyncCursorPage[Message](data=[])', true],
  ["{'id': 1}", true],
  ['[Message(id=1)]', true],
  ['{"id": 1}', false],
  ['[1]', false],
  ['thread_id,role,content', false],
  ['', false],
])('tells Python from JSON and CSV: %s', (text, expected) => {
  expect(isPythonText(text)).toBe(expected);
});
