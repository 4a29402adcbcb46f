import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { responseFormatMismatch } from '../../../src/engine/models/json-reply-check.ts';
import { chatError } from '../../support/chat-upstream.ts';
import { createRun, readRun } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import { deepSeek } from '../../support/model-servers/deepseek.ts';
import { groq } from '../../support/model-servers/groq.ts';
import { lmStudio } from '../../support/model-servers/lm-studio.ts';
import { ollama } from '../../support/model-servers/ollama.ts';
import { textMessage } from '../../support/upstream-items.ts';
import { createUpstream } from '../../support/upstream.ts';
import { createModelServer, type ModelServer } from '../../support/model-servers/server.ts';

type Format = OpenAI.Beta.Threads.AssistantResponseFormatOption;

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const jsonSchema = {
  type: 'json_schema',
  json_schema: { name: 'city', schema },
} as const satisfies Format;
const jsonObject = { type: 'json_object' } as const satisfies Format;

type Model = 'auto' | 'chat' | 'responses';

async function open(server: ModelServer, model: Model = 'auto') {
  const harness = await setup({ model, baseURL: server.baseURL, endpoint: server });
  const run = async (response_format: Format, reply = '{"city":"Oslo"}', tools = []) => {
    const before = server.requests.length;
    server.respondWith({ text: reply });
    const created = await createRun(harness, { response_format, tools });
    await harness.runToEnd();
    const ended = await readRun(harness, created.run);
    expect([ended.status, ended.last_error]).toEqual(['completed', null]);
    const bodies = server.requests.slice(before).map(({ body }) => body);
    return { ended, bodies, last: JSON.stringify(bodies.at(-1)) };
  };
  return { harness, run };
}

/** A server that takes none of the JSON formats. */
const withoutFormats = () =>
  createModelServer({
    name: 'no formats',
    baseURL: 'http://localhost:9/v1',
    refuse: ({ response_format, text }) =>
      (response_format ?? text) === undefined
        ? null
        : chatError(400, { message: 'response_format is not supported' }),
  });

describe('a format that the server refuses', () => {
  test('becomes JSON mode with the schema in the instructions', async () => {
    const { run } = await open(deepSeek());
    const { ended, last } = await run(jsonSchema);
    expect(last).toContain('"response_format":{"type":"json_object"}');
    expect(last).toContain('JSON Schema: {\\"type\\":\\"object\\"');
    expect(ended).toMatchObject({ omitted_parameters: ['response_format'] });
  });

  test('becomes a schema of any object where only schemas are accepted', async () => {
    const { run } = await open(lmStudio());
    const { ended, last } = await run(jsonObject);
    expect(last).toContain('"json_schema":{"name":"answer","schema":{"type":"object"}}');
    expect(ended).not.toHaveProperty('omitted_parameters');
    expect((await run(jsonObject)).bodies).toHaveLength(1);
  });

  test.each([
    [jsonSchema, 'It must match this JSON Schema'],
    [jsonObject, 'Answer with one JSON value and no other text.'],
  ])('becomes words in the instructions where none is accepted (%o)', async (format, words) => {
    for (const model of ['chat', 'responses'] as const) {
      const { run } = await open(withoutFormats(), model);
      const { ended, bodies, last } = await run(format);
      expect(bodies).toHaveLength(3);
      expect(last).not.toContain('"json_');
      expect(last).toContain(words);
      expect(ended).toMatchObject({ omitted_parameters: ['response_format'] });
    }
  });

  test('is sent again without tools where it is refused beside them only', async () => {
    const server = groq();
    const harness = await setup({ model: 'chat', baseURL: server.baseURL, endpoint: server });
    server.respondWith({ text: '{}' }, { text: '{}' });
    for (const params of [{}, { tools: [] }]) {
      const created = await createRun(harness, { response_format: jsonObject, ...params });
      await harness.runToEnd();
      expect(await readRun(harness, created.run)).toMatchObject({ status: 'completed' });
    }
    const sent = JSON.stringify(server.requests.at(-1)?.body);
    expect(sent).toContain('"json_object"');
  });
});

test.each(['chat', 'responses'] as const)(
  'outside OpenAI the reminder of JSON mode is in the instructions (%s)',
  async (model) => {
    const server = createModelServer({
      name: 'any',
      baseURL: 'http://localhost:9/v1',
      refuse: () => null,
    });
    const { run } = await open(server, model);
    const { bodies } = await run(jsonObject, '{}');
    const { input, instructions, messages } = bodies[0] ?? {};
    const rest = Array.isArray(messages) ? messages.slice(1) : input;
    expect(JSON.stringify(rest)).not.toMatch(/system|developer|JSON/u);
    const first: unknown = Array.isArray(messages) ? messages[0] : instructions;
    expect(JSON.stringify(first)).toContain('Answer with JSON.');
  },
);

test('a relay to OpenAI gets the word JSON in the input', async () => {
  const message = "Response input messages must contain the word 'json' in some form.";
  const relay = createModelServer({
    name: 'relay',
    baseURL: 'http://localhost:9/v1',
    refuse: ({ input }) =>
      /json/iu.test(JSON.stringify(input)) ? null : chatError(400, { message, param: 'input' }),
  });
  const { run } = await open(relay, 'responses');
  const { ended, bodies } = await run(jsonObject);
  expect(bodies).toHaveLength(2);
  expect(ended).not.toHaveProperty('omitted_parameters');
});

describe('auto-detection in JSON mode', () => {
  test('calls Chat Completions, because some Responses APIs ignore the format', async () => {
    const server = ollama();
    const harness = await setup({ model: 'auto', baseURL: server.baseURL, endpoint: server });
    server.respondWith({ text: '{"city":"Oslo"}' }, { text: 'Snow.' });
    const runWith = async (params: Parameters<typeof createRun>[1]) => {
      const created = await createRun(harness, params);
      await harness.runToEnd();
      return readRun(harness, created.run);
    };
    const json = await runWith({ response_format: jsonObject });
    expect(json).toMatchObject({ status: 'completed' });
    expect(json).not.toHaveProperty('response_format_mismatch');
    expect(await runWith({})).toMatchObject({ status: 'completed' });
    expect(server.requests.map(({ api }) => api)).toEqual(['chat', 'responses']);
  });

  test('calls Responses where Chat Completions is missing', async () => {
    const upstream = createUpstream({ apiKey: null });
    const harness = await setup({
      model: 'auto',
      baseURL: 'http://localhost:9/v1',
      endpoint: upstream,
    });
    for (const text of ['{}', '{}']) upstream.respondWith({ output: [textMessage(text)] });
    for (const requests of [1, 2]) {
      const created = await createRun(harness, {
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
      });
      await harness.runToEnd();
      expect(await readRun(harness, created.run)).toMatchObject({ status: 'completed' });
      expect(upstream.requests).toHaveLength(requests);
    }
  });
});

test('a reply in another format is noted on the run and in the log', async () => {
  const { harness, run } = await open(ollama(), 'responses');
  const { ended } = await run(jsonSchema);
  expect(ended).toMatchObject({ response_format_mismatch: 'The reply is not JSON.' });
  const line = harness.logLines.findLast((text) => text.includes('"run ended"'));
  expect(line).toContain('"response_format_mismatch":"The reply is not JSON."');
});

const withSchema = (own: Record<string, unknown>): Format => ({
  type: 'json_schema',
  json_schema: { name: 'x', schema: own },
});
describe('responseFormatMismatch', () => {
  const settingsOf = (format: Format) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the format is read
    ({ response_format: format }) as Parameters<typeof responseFormatMismatch>[0];
  const check = (format: Format, value: string) =>
    responseFormatMismatch(settingsOf(format), [
      { type: 'text', text: { value, annotations: [] } },
    ]);
  const node = { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] };
  const list = {
    $defs: { node: { type: 'object', properties: { next: node }, required: ['next'] } },
    type: 'object',
    properties: { first: { $ref: '#/$defs/node' } },
    required: ['first'],
  };

  const cases: [Format, string, string | null][] = [
    ['auto', 'Snow.', null],
    [{ type: 'text' }, 'Snow.', null],
    [jsonObject, '{"a":1}', null],
    [jsonObject, '[1]', 'The reply is not a JSON object.'],
    [jsonObject, '```json\n{}\n```', 'The reply is not JSON.'],
    [jsonSchema, '{"city":"Oslo"}', null],
    [jsonSchema, '{"city":1}', "The reply does not match the JSON Schema at 'city'"],
    [jsonSchema, '{"town":"Oslo"}', 'The reply does not match the JSON Schema at'],
    [jsonSchema, '{"city":"Oslo","sky":"blue"}', 'at the value: Unrecognized key: "sky".'],
    [withSchema(list), '{"first":{"next":{"next":null}}}', null],
    [withSchema(list), '{"first":{"next":{"next":5}}}', "at 'first.next'"],
    // A format and a pattern are not checked, nor is a schema that zod does not know.
    [
      withSchema({ type: 'object', properties: { a: { type: 'string', format: 'email' } } }),
      '{"a":"x"}',
      null,
    ],
    [
      withSchema({ type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }),
      '{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}',
      null,
    ],
    [
      withSchema({ type: 'object', properties: { pattern: { type: 'string' } } }),
      '{"pattern":1}',
      "at 'pattern'",
    ],
    [withSchema(JSON.parse('{"if":{},"then":{"type":"string"}}')), '{}', null],
    [withSchema({ $ref: 'https://example.com/schema' }), '{}', null],
  ];

  test.each(cases)('%o for %s is %o', (format, text, expected) => {
    const mismatch = check(format, text);
    expect([mismatch === null, mismatch ?? '']).toEqual([
      expected === null,
      expect.stringContaining(expected ?? ''),
    ]);
  });

  test('does not check a schema whose references double at each level of the reply', () => {
    const twice = { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, required: ['b'] };
    const own = { $defs: { a: { anyOf: [twice, twice] } }, $ref: '#/$defs/a' };
    const deep = `${'{"a":'.repeat(60)}{}${'}'.repeat(60)}`;
    expect(check(withSchema(own), deep)).toBeNull();
  });

  test('does not check a refusal', () => {
    const refusal = [{ type: 'refusal', refusal: 'I cannot.' }] as const;
    expect(responseFormatMismatch(settingsOf(jsonObject), refusal)).toBeNull();
  });
});
