import { expect, test } from 'vitest';
import { setup } from '../support/engine.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../support/talk.ts';
import { calls, says } from '../support/upstream-items.ts';
import type { StreamEvent } from '../support/upstream-events.ts';

type Edit = (events: StreamEvent[]) => StreamEvent[];

const only =
  (...types: string[]): Edit =>
  (events) =>
    events.filter(({ type }) => types.includes(type));

/** Servers that speak Responses, each leaving out something that OpenAI's sends. */
const servers: [string, Edit][] = [
  ['sends nothing but the end', only('response.completed')],
  ['sends no items', (events) => events.filter(({ type }) => !type.includes('output_item'))],
  ['sends no deltas', (events) => events.filter(({ type }) => !type.endsWith('.delta'))],
  [
    'forgets the output at the end',
    (events) =>
      events.map((event) =>
        event.type === 'response.completed'
          ? { ...event, response: { ...event.response, output: [] } }
          : event,
      ),
  ],
  [
    'counts nothing and numbers nothing',
    (events) => events.map((event) => ({ ...event, sequence_number: 0 })),
  ],
];

test.each(servers)('a server that %s', async (_, edit) => {
  const it = await setup({ key: null, baseURL: 'http://localhost:8000/v1' });
  it.upstream.will({
    output: [says('Let me see.'), calls('get_weather', { city: 'Oslo' }, 'call_1')],
    edit,
  });
  const { run, thread_id } = await createRun(it);
  await it.runToEnd();
  const waiting = await readRun(it, run);
  expect(waiting.required_action?.submit_tool_outputs.tool_calls).toMatchObject([
    { id: 'call_1', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
  ]);
  const messages = await readMessages(it, thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.']);
  const steps = await readSteps(it, run);
  expect(steps.map(({ type }) => type)).toEqual(['message_creation', 'tool_calls']);
});

test('a server that answers with a page of its proxy', async () => {
  const it = await setup();
  it.upstream.will({ http: { status: 502, error: '<html><h1>Bad Gateway</h1></html>' } });
  const { run } = await createRun(it);
  await it.runToEnd();
  const { last_error } = await readRun(it, run);
  expect(last_error?.code).toBe('server_error');
  expect(last_error?.message).toMatch(/502|Bad Gateway/u);
});

test('a server whose ids of calls are its own', async () => {
  const it = await setup();
  it.upstream.will({ output: [calls('get_weather', {}, 'call_call_1:x/y')] });
  const { run, thread_id } = await createRun(it);
  await it.runToEnd();
  const waiting = await readRun(it, run);
  const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
  const tool_outputs = [{ tool_call_id: call?.id ?? '', output: 'x' }];
  const taken = await it.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs,
  });
  expect(taken.status).toBe('queued');
});
