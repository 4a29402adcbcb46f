import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readRun } from '../../support/conversation.ts';

const object = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
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
  ['allOf', object({ a: { allOf: [{ type: 'string', minLength: 9 }] } })],
  ['defaults and examples', object({ a: { type: 'string', default: 'x' }, b: { examples: [1] } })],
  ['nested objects', object({ at: object({ lat: { type: 'number' }, lon: { type: 'number' } }) })],
  ['references', object({ c: { $ref: '#/$defs/city' } }, { $defs: { city: { type: 'string' } } })],
  [
    'recursive references',
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
  ['no properties', { type: 'object', properties: {} }],
  ['optional properties', { type: 'object', properties: { a: { type: 'integer' } } }],
];

/** The arguments of the scripted model's call of a function with these parameters. */
async function argumentsFor(parameters: Record<string, unknown>): Promise<unknown> {
  const harness = await setup({ model: 'scripted', key: null });
  const tools = [{ type: 'function' as const, function: { name: 'f', parameters } }];
  const { run } = await createRun(harness, { tools });
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const [call] = required_action?.submit_tool_outputs.tool_calls ?? [];
  return JSON.parse(call?.function.arguments ?? 'null');
}

test.each(schemas)(
  'the scripted model generates valid arguments for a schema of %s',
  async (_, schema) => {
    const validate = new Ajv({ strict: false }).compile(schema);
    validate(await argumentsFor(schema));
    expect(validate.errors).toBeNull();
  },
);

test.each([
  [{}],
  [{ type: 'object' }],
  [{ type: 'object', properties: { a: {} }, required: ['a'] }],
  [{ type: 'object', properties: { a: { $ref: '#/$defs/none' } } }],
  [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }],
])('the scripted model generates an object for the incomplete schema %j', async (schema) => {
  expect(await argumentsFor(schema)).toBeTypeOf('object');
});

const functionNamed = (name: string) => ({ type: 'function' as const, function: { name } });

test('the scripted model calls the function that tool_choice names', async () => {
  const harness = await setup({ model: 'scripted', key: null });
  const { run } = await createRun(harness, {
    tools: [functionNamed('first'), functionNamed('second')],
    tool_choice: functionNamed('second'),
  });
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const names = required_action?.submit_tool_outputs.tool_calls.map((call) => call.function.name);
  expect(names).toEqual(['second']);
});
