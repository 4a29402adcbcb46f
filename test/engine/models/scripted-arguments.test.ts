import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readRun } from '../../support/conversation.ts';

const object = (properties: object, rest: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...rest,
});

const schemas: [string, Record<string, unknown>][] = [
  ['strings', object({ a: { type: 'string' }, b: { type: 'string', minLength: 20 } })],
  ['short strings', object({ a: { type: 'string', maxLength: 3 } })],
  ['choices', object({ unit: { enum: ['C', 'F'] }, fixed: { const: 42 } })],
  [
    'integers',
    object({ a: { type: 'integer', minimum: 10 }, b: { type: 'integer', maximum: -3 } }),
  ],
  ['decimals', object({ a: { type: 'number', exclusiveMinimum: 5 }, b: { type: 'number' } })],
  ['multiples', object({ a: { type: 'integer', minimum: 7, multipleOf: 5 } })],
  ['booleans and null', object({ a: { type: 'boolean' }, b: { type: 'null' } })],
  ['lists', object({ a: { type: 'array', items: { type: 'integer' }, minItems: 3 } })],
  ['nullable', object({ a: { type: ['string', 'null'] } })],
  ['alternatives', object({ a: { anyOf: [{ type: 'integer' }, { type: 'string' }] } })],
  ['all at once', object({ a: { allOf: [{ type: 'string', minLength: 9 }] } })],
  ['defaults and examples', object({ a: { type: 'string', default: 'x' }, b: { examples: [1] } })],
  ['nested objects', object({ at: object({ lat: { type: 'number' }, lon: { type: 'number' } }) })],
  ['references', object({ c: { $ref: '#/$defs/city' } }, { $defs: { city: { type: 'string' } } })],
  [
    'references to itself',
    {
      ...object({ tree: { $ref: '#/$defs/node' } }),
      $defs: {
        node: {
          type: 'object',
          properties: { name: { type: 'string' }, children: { type: 'array' } },
          required: ['name'],
        },
      },
    },
  ],
  ['nothing', { type: 'object', properties: {} }],
  ['optional properties', { type: 'object', properties: { a: { type: 'integer' } } }],
];

/** The arguments with which the scripted model calls a function of these parameters. */
async function argumentsFor(parameters: Record<string, unknown>): Promise<unknown> {
  const harness = await setup({ model: 'scripted', key: null });
  const tools = [{ type: 'function' as const, function: { name: 'f', parameters } }];
  const { run } = await createRun(harness, { tools });
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const [call] = required_action?.submit_tool_outputs.tool_calls ?? [];
  return JSON.parse(call?.function.arguments ?? 'null');
}

test.each(schemas)('arguments of a schema of %s fit it', async (_, schema) => {
  const validate = new Ajv({ strict: false }).compile(schema);
  validate(await argumentsFor(schema));
  expect(validate.errors).toBeNull();
});

test.each([
  [{}],
  [{ type: 'object' }],
  [{ type: 'object', properties: { a: {} }, required: ['a'] }],
  [{ type: 'object', properties: { a: { $ref: '#/$defs/none' } } }],
  [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }],
])('even a schema such as %j gets an object', async (schema) => {
  expect(await argumentsFor(schema)).toBeTypeOf('object');
});

const named = (name: string) => ({ type: 'function' as const, function: { name } });

test('a function that is asked for by name is the one', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run } = await createRun(harness, {
    tools: [named('first'), named('second')],
    tool_choice: named('second'),
  });
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const asked = required_action?.submit_tool_outputs.tool_calls.map((call) => call.function.name);
  expect(asked).toEqual(['second']);
});
