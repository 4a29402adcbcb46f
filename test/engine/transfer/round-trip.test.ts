import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  assistant,
  completedRun,
  messageStep,
  question,
  thread,
  toolStep,
  waitingRun,
} from '../../support/examples.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readRun,
  submitOutputs,
  weatherTool,
} from '../../support/conversation.ts';
import { createStore, objectsIn, type Store, toLines } from '../../support/transfer.ts';
import {
  incompleteMessage,
  functionCall,
  searchResult,
  reasoningItem,
  codeCall,
  textMessage,
  searchCall,
} from '../../support/upstream-items.ts';

/** Exports a store, imports that into a new one and expects the same export; resolves to it. */
async function exportRoundTrip(store: Store): Promise<string> {
  const { code, stdout } = await store.exportAll();
  expect(code).toBe(0);
  const other = createStore();
  expect(await other.importText(stdout)).toMatchObject({ code: 0 });
  expect((await other.exportAll()).stdout).toBe(stdout);
  return stdout;
}

const modelMap = new Map([['gpt-4', 'gpt-4.1']]);

/** Fills a database with every kind of object that an engine writes. */
async function fill(store: Store) {
  const harness = await setup({ database: store.database, modelMap });
  const { beta } = harness.openai;
  await createAssistant(harness, {
    name: 'Löwe\u2028',
    temperature: 1,
    top_p: 0.5,
    tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
    metadata: { ['__proto__']: 'own', 2: 'b', 1: 'a' },
    response_format: { type: 'json_object' },
  });
  const hostedCalls = [
    searchCall('weather', [searchResult('file-oslo', 'It is cold.')]),
    codeCall('print(1)', [{ type: 'logs', logs: '1' }]),
  ];
  harness.upstream.respondWith(
    {
      output: [...hostedCalls, textMessage('Wait.'), functionCall('get_weather', { city: 'Oslo' })],
    },
    { output: [textMessage('Snow \u0000 \uD800.')] },
    { output: [incompleteMessage('It is ver')], incomplete: 'max_output_tokens' },
    { failed: { code: 'invalid_prompt', message: 'It broke.' } },
    { output: [reasoningItem('opaque'), functionCall('get_weather', { city: 'Bergen' })] },
  );
  const first = await createRun(harness, {
    metadata: { of: 'run' },
    temperature: 1,
    response_format: { type: 'json_object' },
  });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, first.run));
  await harness.runToEnd();
  for (const status of ['incomplete', 'failed', 'requires_action']) {
    const run = await beta.threads.runs.create(first.thread_id, {
      assistant_id: first.assistant_id,
    });
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe(status);
  }
  const cancelled = await createRun(harness, { model: 'gpt-4' }, { tools: [weatherTool] });
  await beta.threads.runs.cancel(cancelled.run.id, { thread_id: cancelled.thread_id });
  await harness.runToEnd();
  await beta.threads.messages.create(cancelled.thread_id, {
    role: 'user',
    content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }],
    attachments: [{ file_id: 'file-1', tools: [{ type: 'code_interpreter' }] }],
  });
  return { thread_id: first.thread_id, assistant_id: first.assistant_id };
}

test('everything that an engine wrote survives an export and import byte for byte', async () => {
  const store = createStore();
  const { thread_id } = await fill(store);
  const exported = objectsIn(await exportRoundTrip(store));
  const kinds = exported.map(({ object, status }) => [object, status].filter(Boolean).join(' '));
  expect(kinds.slice(0, 9)).toEqual([
    'assistant',
    'assistant',
    'assistant',
    'thread',
    'thread.message completed',
    'thread.message completed',
    'thread.message completed',
    'thread.message incomplete',
    'thread.run completed',
  ]);
  for (const status of ['incomplete', 'failed', 'requires_action', 'cancelled']) {
    expect(kinds).toContain(`thread.run ${status}`);
  }
  expect(exported.filter((object) => object['thread_id'] === thread_id)).toHaveLength(14);
  expect(JSON.stringify(exported)).toContain('"content":[{"type":"text","text":"It is cold."}]');
  expect(exported).toContainEqual(
    expect.objectContaining({ model: 'gpt-4.1', requested_model: 'gpt-4' }),
  );
  const response_format_mismatch = 'The reply is not JSON.';
  expect(exported).toContainEqual(expect.objectContaining({ response_format_mismatch }));
});

test('an export of one thread has only that thread and the assistants of its runs', async () => {
  const store = createStore();
  const { thread_id, assistant_id } = await fill(store);
  const { stdout, stderr } = await store.exportAll([thread_id]);
  const exported = objectsIn(stdout);
  expect(exported.filter(({ object }) => object === 'assistant').map(({ id }) => id)).toEqual([
    assistant_id,
  ]);
  expect(exported.filter(({ object }) => object === 'thread').map(({ id }) => id)).toEqual([
    thread_id,
  ]);
  expect(stderr).toBe(`Exported ${exported.length} objects.\n`);
  const fullExport = (await store.exportAll()).stdout;
  expect(stdout.split('\n').every((line) => fullExport.includes(line))).toBe(true);
  expect(await createStore().importText(stdout)).toMatchObject({ code: 0 });
});

test('exports each requested thread once, in the order of their list', async () => {
  const store = createStore();
  const harness = await setup({ database: store.database });
  const [one, two] = [await createThread(harness), await createThread(harness)];
  const { stdout } = await store.exportAll([two.id, one.id, two.id]);
  expect(objectsIn(stdout).flatMap(({ object, id }) => (object === 'thread' ? [id] : []))).toEqual([
    one.id,
    two.id,
  ]);
});

const text = fc.string({ unit: 'binary', maxLength: 20 });
const anyMetadata = fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), text, {
  maxKeys: 4,
});
const tools = fc.subarray([weatherTool, { type: 'file_search' }, { type: 'code_interpreter' }]);
const time = fc.integer({ min: 0, max: 2_000_000_000 });
const anyId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((id) => /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$/u.test(id));
const schema = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 });
const commonFields = fc.record({ created_at: time, metadata: anyMetadata });

const anyAssistant = fc
  .record({
    name: fc.option(text),
    instructions: fc.option(text),
    tools,
    temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
    response_format: fc.oneof(
      fc.constant('auto'),
      schema.map((value) => ({
        type: 'json_schema',
        json_schema: { name: 'n', schema: value },
      })),
    ),
  })
  .map((fields) => ({ ...assistant, ...fields }));

const anyMessage = fc
  .record({
    role: fc.constantFrom('user', 'assistant'),
    run_id: fc.option(anyId),
    content: fc.array(
      fc.oneof(
        text.map((value) => ({ type: 'text', text: { value, annotations: [] } })),
        text.map((url) => ({ type: 'image_url', image_url: { url, detail: 'low' } })),
        text.map((refusal) => ({ type: 'refusal', refusal })),
      ),
      { maxLength: 3 },
    ),
  })
  .map((fields) => ({ ...question, ...fields }));

const anyRun = fc
  .record({
    instructions: fc.option(text),
    top_p: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    status: fc.constantFrom('completed', 'failed', 'cancelled', 'expired', 'incomplete'),
    steps: fc.array(fc.constantFrom(toolStep, messageStep), { maxLength: 3 }),
  })
  .map((fields) => ({ ...completedRun, ...fields }));

/** Objects of a database with unique ids, in any order. */
const anyObjects = fc
  .record({
    ids: fc.uniqueArray(anyId, { minLength: 100, maxLength: 100 }),
    assistants: fc.array(fc.tuple(anyAssistant, commonFields), { maxLength: 3 }),
    threads: fc.array(
      fc.record({
        common: commonFields,
        messages: fc.array(fc.tuple(anyMessage, commonFields), { maxLength: 5 }),
        runs: fc.array(fc.tuple(anyRun, commonFields), { maxLength: 3 }),
        hasPendingRun: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ ids, assistants, threads }) => {
    const next = () => ({ id: ids.pop() ?? '' });
    return [
      ...assistants.map(([fields, common]) => ({ ...fields, ...common, ...next() })),
      ...threads.flatMap(({ common, messages, runs, hasPendingRun }) => {
        const { id: thread_id } = next();
        const parent = { thread_id };
        const pendingRuns = hasPendingRun ? [{ ...waitingRun, ...parent, ...next() }] : [];
        return [
          { ...thread, ...common, id: thread_id },
          ...messages.map(([fields, each]) => ({ ...fields, ...each, ...parent, ...next() })),
          ...runs.flatMap(([{ steps, ...fields }, each]) => {
            const { id: run_id } = next();
            const run = { ...fields, ...each, ...parent, id: run_id };
            return [run, ...steps.map((step) => ({ ...step, ...parent, run_id, ...next() }))];
          }),
          ...pendingRuns,
        ];
      }),
    ];
  })
  .chain((objects) => fc.shuffledSubarray(objects, { minLength: objects.length }));

const identityFields = [
  'id',
  'object',
  'created_at',
  'thread_id',
  'run_id',
  'role',
  'status',
  'content',
];
const contentFields = ['name', 'instructions', 'tools', 'response_format', 'step_details'];

/** The fields of each object that must not change, sorted. */
const unchangedFields = (objects: readonly object[]): string[] =>
  objects
    .map((object) =>
      [...identityFields, ...contentFields].map((key): unknown => Reflect.get(object, key) ?? null),
    )
    .map((values) => JSON.stringify(values))
    .toSorted();

test('exports all objects imported in any order, and imports them again unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(anyObjects, async (objects) => {
      const store = createStore();
      const { code, stderr } = await store.importText(toLines(objects));
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      const exported = objectsIn(await exportRoundTrip(store));
      const expected = objects.map((object) =>
        object.object === 'thread.message' ? { ...object, status: 'completed' } : object,
      );
      expect(unchangedFields(exported)).toEqual(unchangedFields(expected));
    }),
    { numRuns: 40 },
  );
});
