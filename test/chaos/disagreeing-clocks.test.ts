import { describe, expect, test } from 'vitest';
import { createAssistant, createThread, submitOutputs } from '../support/conversation.ts';
import { clocksUnavailable } from '../support/engine-process.ts';
import { listen } from '../support/loopback-server.ts';
import { postgresServer, temporarySchema, withoutPostgres } from '../support/postgres.ts';
import { type StartedEngine, startEngine, waitForStatus } from '../support/started-engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';
import type { ResponsesRequest } from '../support/upstream-request.ts';
import { createGate, createUpstream, type Turn } from '../support/upstream.ts';

/** As in the program. */
const leaseMs = 10_000;

const databases = [
  {
    kind: 'postgres',
    create: temporarySchema,
    clocksAhead: [4, -4, 12, -12, 300, -300, 660, -660],
    unavailable: postgresServer === null ? withoutPostgres : null,
  },
  // On one machine the clock is set between the starts of the processes.
  {
    kind: 'sqlite',
    create: async () => temporary(),
    clocksAhead: [3600, -3600],
    unavailable: null,
  },
];

const questionOf = ({ input }: ResponsesRequest): string =>
  JSON.stringify(input.find((item) => 'role' in item && item.role === 'user'));

/** A model that keeps some runs waiting, calls a function in others, and answers the rest at once. */
async function startModel(processes: number) {
  const gate = createGate(processes);
  const upstream = createUpstream({
    apiKey: null,
    defaultTurn: (body): Turn => {
      const hasOutput = body.input.some(
        (item) => 'type' in item && item.type === 'function_call_output',
      );
      if (questionOf(body).includes('slow')) return { gate };
      return questionOf(body).includes('ask') && !hasOutput
        ? { output: [functionCall('get_weather', {})] }
        : { output: [textMessage('Done.')] };
    },
  });
  const baseURL = `${await listen((request) => upstream.fetch(request))}/v1`;
  const callsAbout = (word: string) =>
    upstream.requests.filter(({ body }) => questionOf(body).includes(word)).length;
  return { baseURL, gate, callsAbout };
}

async function startRun(engine: StartedEngine, question: string) {
  const assistant = await createAssistant(engine);
  const thread = await createThread(engine, question);
  return engine.openai.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
}

/** Makes the worker of each process look at all runs. */
async function completeRuns(engines: readonly StartedEngine[]) {
  for (const engine of engines) {
    await waitForStatus(engine, await startRun(engine, 'quick'), 'completed');
  }
}

describe.each(databases)('on $kind', ({ create, clocksAhead, unavailable }) => {
  test('every run completes once although the clocks of the processes disagree', async (context) => {
    const reason = unavailable ?? clocksUnavailable();
    if (reason !== null) context.skip(reason);
    const database = await create();
    const { baseURL, gate, callsAbout } = await startModel(1 + clocksAhead.length);
    const start = async (clockAhead: number) => {
      const engine = await startEngine({
        database,
        baseURL,
        leaseMs,
        clockAhead,
        concurrency: 4,
      });
      await completeRuns([engine]);
      return engine;
    };
    const first = await start(0);
    const engines = [first];
    for (const clockAhead of clocksAhead) engines.push(await start(clockAhead));
    const slow = await Promise.all(engines.map((engine) => startRun(engine, 'slow')));
    const asking = await Promise.all(engines.map((engine) => startRun(engine, 'ask')));
    await gate.reached;
    for (const run of asking) await waitForStatus(first, run, 'requires_action');
    await completeRuns(engines);
    for (const [index, run] of asking.entries()) {
      const other = engines.at(index - 1) ?? first;
      await submitOutputs(other, await waitForStatus(other, run, 'requires_action'));
    }
    gate.open();
    for (const run of [...slow, ...asking]) await waitForStatus(first, run, 'completed');
    expect(callsAbout('slow')).toBe(slow.length);
    expect(callsAbout('ask')).toBe(2 * asking.length);
  }, 120_000);
});
