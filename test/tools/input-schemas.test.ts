import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { allTools } from '../../src/tools/registry.ts';
import { toInputSchema, toOutputSchema } from '../../src/tools/tool-listing.ts';

const functionTool = {
  type: 'function',
  function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
};

const fileSearch = {
  type: 'file_search',
  file_search: {
    max_num_results: 5,
    ranking_options: { ranker: 'auto', score_threshold: 0.5 },
  },
};

const tools = [{ type: 'code_interpreter' }, fileSearch, functionTool];
const metadata = { k: 'v' };

const messages = [
  { role: 'user', content: 'Hello', metadata },
  {
    role: 'assistant',
    content: [
      { type: 'text', text: 'Hello' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
      { type: 'image_file', image_file: { file_id: 'file-a' } },
    ],
    attachments: [{ file_id: 'file-a', tools: [{ type: 'code_interpreter' }] }],
  },
];

const vectorStores = [
  {
    file_ids: ['file-a'],
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 },
    },
    metadata,
  },
];

const newResources = {
  code_interpreter: { file_ids: ['file-a'] },
  file_search: { vector_stores: vectorStores },
};

const answerSchema = { name: 's', description: 'd', schema: { type: 'object' }, strict: true };
const settings = {
  model: 'gpt-4.1',
  reasoning_effort: 'low',
  instructions: 'Be brief.',
  tools,
  metadata,
  temperature: 1,
  top_p: 1,
  response_format: { type: 'json_schema', json_schema: answerSchema },
};

const runSettings = {
  ...settings,
  assistant_id: 'asst_a',
  max_prompt_tokens: 256,
  max_completion_tokens: 256,
  truncation_strategy: { type: 'last_messages', last_messages: 3 },
  tool_choice: { type: 'function', function: { name: 'f' } },
  parallel_tool_calls: false,
  wait_seconds: 0,
};

/** Arguments that fill in everything there is. */
const full: Readonly<Record<string, object>> = {
  create_run: {
    ...runSettings,
    thread_id: 'thread_a',
    additional_instructions: 'In French.',
    additional_messages: messages,
    include: ['step_details.tool_calls[*].file_search.results[*].content'],
  },
  create_thread_and_run: {
    ...runSettings,
    thread: { messages, metadata, tool_resources: newResources },
    tool_resources: { file_search: { vector_store_ids: ['vs_a'] } },
  },
  create_assistant: { ...settings, name: 'Ada', description: 'd', tool_resources: newResources },
  create_thread: { messages, metadata, tool_resources: newResources },
};

const ajv = new Ajv2020({ strictTypes: false });

const toolOf = (name: string) => {
  const tool = allTools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool;
};

/** Every value in a structure, each with a way to put something else in its place. */
function* placesIn(value: unknown): Generator<(spoil: unknown) => () => void> {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key);
    yield (spoil) => {
      Reflect.set(value, key, spoil);
      return () => Reflect.set(value, key, inner);
    };
    yield* placesIn(inner);
  }
}

test.each(Object.keys(full))('%s: full arguments fit what is advertised', (name) => {
  const { input } = toolOf(name);
  expect(input.safeParse(full[name]).error).toBeUndefined();
  const validate = ajv.compile(toInputSchema(input));
  expect({ fits: validate(full[name]), errors: validate.errors }).toEqual({
    fits: true,
    errors: null,
  });
});

test.each(Object.keys(full))('%s: what the tool accepts, the advertised schema does', (name) => {
  const { input } = toolOf(name);
  const validate = ajv.compile(toInputSchema(input));
  const args = structuredClone(full[name]);
  const accepted: unknown[] = [];
  for (const place of placesIn(args)) {
    for (const spoil of [undefined, 0, -1, 1.5, 1000, '', 'auto', 'x', true, [], {}]) {
      const restore = place(spoil);
      const sent: unknown = JSON.parse(JSON.stringify(args));
      if (input.safeParse(sent).success) accepted.push(sent);
      restore();
    }
  }
  expect(accepted.length).toBeGreaterThan(50);
  expect(accepted.filter((sent) => !validate(sent))).toEqual([]);
});

test('the advertised schema refuses wrong types and limits as deep as the tool does', () => {
  const { input } = toolOf('create_run');
  const validate = ajv.compile(toInputSchema(input));
  const base = { thread_id: 'thread_a', assistant_id: 'asst_a' };
  const bad = [
    { temperature: 3 },
    { metadata: { k: 1 } },
    { tools: [{ type: 'function', function: { name: 'a b' } }] },
    { tools: [{ type: 'function', function: {} }] },
    { tools: [{ type: 'retrieval' }] },
    { additional_messages: [{ role: 'user' }] },
    { additional_messages: [{ role: 'system', content: 'x' }] },
    { additional_messages: [{ role: 'user', content: [] }] },
    { truncation_strategy: { last_messages: 1 } },
    { tool_choice: 'any' },
    { wait_seconds: 46 },
    { stream: true },
  ];
  expect(validate(base)).toBe(true);
  for (const more of bad) {
    expect({ more, fits: validate({ ...base, ...more }) }).toEqual({ more, fits: false });
    expect(input.safeParse({ ...base, ...more }).success).toBe(false);
  }
});

test('schemas are made once', () => {
  const { input, output } = toolOf('get_run');
  expect(toInputSchema(input)).toBe(toInputSchema(input));
  if (output === null) throw new Error('get_run has an output schema');
  const advertised = toOutputSchema(output);
  expect(toOutputSchema(output)).toBe(advertised);
});
