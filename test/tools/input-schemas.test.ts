import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { findTool } from '../../src/tools/registry.ts';
import { toInputSchema, toOutputSchema } from '../../src/tools/tool-listing.ts';

const functionTool = {
  type: 'function',
  function: { name: 'f', description: 'd', parameters: {}, strict: true },
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

const resourcesOnCreate = {
  code_interpreter: { file_ids: ['file-a'] },
  file_search: { vector_stores: vectorStores },
};

const outputFormat = { name: 's', description: 'd', schema: {}, strict: true };
const settings = {
  model: 'gpt-4.1',
  reasoning_effort: 'low',
  instructions: 'Be brief.',
  tools,
  metadata,
  temperature: 1,
  top_p: 1,
  response_format: { type: 'json_schema', json_schema: outputFormat },
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

/** Arguments with every parameter. */
const completeArguments: Readonly<Record<string, object>> = {
  create_run: {
    ...runSettings,
    thread_id: 'thread_a',
    additional_instructions: 'In French.',
    additional_messages: messages,
    include: ['step_details.tool_calls[*].file_search.results[*].content'],
  },
  create_thread_and_run: {
    ...runSettings,
    thread: { messages, metadata, tool_resources: resourcesOnCreate },
    tool_resources: { file_search: { vector_store_ids: ['vs_a'] } },
  },
  create_assistant: {
    ...settings,
    name: 'Ada',
    description: 'd',
    tool_resources: resourcesOnCreate,
  },
  create_thread: { messages, metadata, tool_resources: resourcesOnCreate },
};

const ajv = new Ajv2020({ strictTypes: false });

/** Every nested value: a function that replaces it and returns how to restore it. */
function* replaceableValues(value: unknown): Generator<(replacement: unknown) => () => void> {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key);
    yield (replacement) => {
      Reflect.set(value, key, replacement);
      return () => Reflect.set(value, key, inner);
    };
    yield* replaceableValues(inner);
  }
}

test.each(Object.keys(completeArguments))(
  '%s: complete arguments match the listed schema',
  (name) => {
    const { input } = findTool(name);
    expect(input.safeParse(completeArguments[name]).error).toBeUndefined();
    const validate = ajv.compile(toInputSchema(input));
    expect({ matches: validate(completeArguments[name]), errors: validate.errors }).toEqual({
      matches: true,
      errors: null,
    });
  },
);

test.each(Object.keys(completeArguments))(
  '%s: the listed schema accepts all arguments that the tool accepts',
  (name) => {
    const { input } = findTool(name);
    const validate = ajv.compile(toInputSchema(input));
    const args = structuredClone(completeArguments[name]);
    const accepted: unknown[] = [];
    for (const replace of replaceableValues(args)) {
      for (const replacement of [undefined, 0, -1, 1.5, 1000, '', 'auto', 'x', true, [], {}]) {
        const restore = replace(replacement);
        const sent: unknown = JSON.parse(JSON.stringify(args));
        if (input.safeParse(sent).success) accepted.push(sent);
        restore();
      }
    }
    expect(accepted.length).toBeGreaterThan(50);
    expect(accepted.filter((sent) => !validate(sent))).toEqual([]);
  },
);

test('the listed schema of create_run rejects wrong nested types and limits, as the tool does', () => {
  const { input } = findTool('create_run');
  const validate = ajv.compile(toInputSchema(input));
  const base = { thread_id: 'thread_a', assistant_id: 'asst_a' };
  const invalid = [
    { temperature: 3 },
    { tools: [{ function: { name: 'f' } }] },
    { additional_messages: [{ role: 'user' }] },
    { additional_messages: [{ role: 'system', content: 'x' }] },
    { additional_messages: [{ role: 'user', content: [] }] },
    { truncation_strategy: { last_messages: 1 } },
    { tool_choice: 'any' },
    { wait_seconds: 46 },
  ];
  expect(validate(base)).toBe(true);
  for (const params of invalid) {
    expect({ params, matches: validate({ ...base, ...params }) }).toEqual({
      params,
      matches: false,
    });
    expect(input.safeParse({ ...base, ...params }).success).toBe(false);
  }
});

test('a schema is converted only once', () => {
  const { input, output } = findTool('get_run');
  expect(toInputSchema(input)).toBe(toInputSchema(input));
  if (output === null) throw new Error('get_run has an output schema');
  expect(toOutputSchema(output)).toBe(toOutputSchema(output));
});
