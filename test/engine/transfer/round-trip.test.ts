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

/** Exports a store, imports that into a new one, and exports that too; the same text is answered. */
async function moved(store: Store): Promise<string> {
  const { code, stdout } = await store.exportAll();
  expect(code).toBe(0);
  const other = createStore();
  expect(await other.importText(stdout)).toMatchObject({ code: 0 });
  expect((await other.exportAll()).stdout).toBe(stdout);
  return stdout;
}

const modelMap = new Map([['gpt-4', 'gpt-4.1']]);

/** A database with something of everything that an engine may leave behind. */
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
  const hosted = [
    searchCall('weather', [searchResult('file-oslo', 'It is cold.')]),
    codeCall('print(1)', [{ type: 'logs', logs: '1' }]),
  ];
  harness.upstream.respondWith(
    { output: [...hosted, textMessage('Wait.'), functionCall('get_weather', { city: 'Oslo' })] },
    { output: [textMessage('Snow \u0000 \uD800.')] },
    { output: [incompleteMessage('It is ver')], incomplete: 'max_output_tokens' },
    { failed: { code: 'invalid_prompt', message: 'It broke.' } },
    { output: [reasoningItem('opaque'), functionCall('get_weather', { city: 'Bergen' })] },
  );
  const made = await createRun(harness, { metadata: { of: 'run' }, temperature: 1 });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, made.run));
  await harness.runToEnd();
  for (const status of ['incomplete', 'failed', 'requires_action']) {
    const run = await beta.threads.runs.create(made.thread_id, {
      assistant_id: made.assistant_id,
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
  return { thread_id: made.thread_id, assistant_id: made.assistant_id };
}

test('all that an engine wrote comes back byte for byte', async () => {
  const store = createStore();
  const { thread_id } = await fill(store);
  const exported = objectsIn(await moved(store));
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
  expect(exported.filter((harness) => harness['thread_id'] === thread_id)).toHaveLength(14);
  expect(JSON.stringify(exported)).toContain('"content":[{"type":"text","text":"It is cold."}]');
  expect(exported).toContainEqual(
    expect.objectContaining({ model: 'gpt-4.1', requested_model: 'gpt-4' }),
  );
});

test('narrowed to a thread it has that one and the assistants it ran', async () => {
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
  const whole = (await store.exportAll()).stdout;
  expect(stdout.split('\n').every((line) => whole.includes(line))).toBe(true);
  expect(await createStore().importText(stdout)).toMatchObject({ code: 0 });
});

test('threads are written in the order of their list, each once, whatever order is asked for', async () => {
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
const words = fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), text, { maxKeys: 4 });
const tools = fc.subarray([weatherTool, { type: 'file_search' }, { type: 'code_interpreter' }]);
const time = fc.integer({ min: 0, max: 2_000_000_000 });
const anyId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((id) => /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$/u.test(id));
const schema = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 });
const own = fc.record({ created_at: time, metadata: words });

const anyAssistant = fc
  .record({
    name: fc.option(text),
    instructions: fc.option(text),
    tools,
    temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
    response_format: fc.oneof(
      fc.constant('auto'),
      schema.map((harness) => ({
        type: 'json_schema',
        json_schema: { name: 'n', schema: harness },
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

/** Objects of a whole database, every id unlike the others, in no particular order. */
const anyObjects = fc
  .record({
    ids: fc.uniqueArray(anyId, { minLength: 100, maxLength: 100 }),
    assistants: fc.array(fc.tuple(anyAssistant, own), { maxLength: 3 }),
    threads: fc.array(
      fc.record({
        own,
        messages: fc.array(fc.tuple(anyMessage, own), { maxLength: 5 }),
        runs: fc.array(fc.tuple(anyRun, own), { maxLength: 3 }),
        waits: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ ids, assistants, threads }) => {
    const next = () => ({ id: ids.pop() ?? '' });
    return [
      ...assistants.map(([harness, mine]) => ({ ...harness, ...mine, ...next() })),
      ...threads.flatMap(({ own: mine, messages, runs, waits }) => {
        const { id: thread_id } = next();
        const place = { thread_id };
        const waiting = waits ? [{ ...waitingRun, ...place, ...next() }] : [];
        return [
          { ...thread, ...mine, id: thread_id },
          ...messages.map(([harness, each]) => ({ ...harness, ...each, ...place, ...next() })),
          ...runs.flatMap(([{ steps, ...harness }, each]) => {
            const { id: run_id } = next();
            const run = { ...harness, ...each, ...place, id: run_id };
            return [run, ...steps.map((step) => ({ ...step, ...place, run_id, ...next() }))];
          }),
          ...waiting,
        ];
      }),
    ];
  })
  .chain((objects) => fc.shuffledSubarray(objects, { minLength: objects.length }));

const kept = ['id', 'object', 'created_at', 'thread_id', 'run_id', 'role', 'status', 'content'];
const keptToo = ['name', 'instructions', 'tools', 'response_format', 'step_details'];

/** What of each object has to stay as it was, in an order that depends on nothing else. */
const facts = (objects: readonly object[]): string[] =>
  objects
    .map((harness) =>
      [...kept, ...keptToo].map((key): unknown => Reflect.get(harness, key) ?? null),
    )
    .map((values) => JSON.stringify(values))
    .toSorted();

test('whatever is imported, in any order, is exported whole and comes back the same', async () => {
  await fc.assert(
    fc.asyncProperty(anyObjects, async (objects) => {
      const store = createStore();
      const { code, stderr } = await store.importText(toLines(objects));
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      const exported = objectsIn(await moved(store));
      const stood = objects.map((harness) =>
        harness.object === 'thread.message' ? { ...harness, status: 'completed' } : harness,
      );
      expect(facts(exported)).toEqual(facts(stood));
    }),
    { numRuns: 40 },
  );
});
