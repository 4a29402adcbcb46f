import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { maxWaitSeconds } from '../../../src/engine/http/prefer.ts';
import { eventLoopTurn } from '../../support/clock.ts';
import {
  apiErrorOf,
  callIds,
  createRun,
  readMessages,
  readRun,
} from '../../support/conversation.ts';
import { setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

type Options = OpenAI.RequestOptions;

const reply = { output: [textMessage('Done.')] };

/** A thread with a run that is queued, and two ways to meet it. */
async function withRun(options: HarnessOptions = {}) {
  const harness = await setup(options);
  const { run, thread_id, assistant_id } = await createRun(harness);
  return { ...clientOf(harness, { run, thread_id, assistant_id }), harness, run, thread_id };
}

interface Ids {
  readonly run: { readonly id: string };
  readonly thread_id: string;
  readonly assistant_id: string;
}

const preferring = (seconds: number, options: Options) => ({
  ...options,
  headers: { Prefer: `wait=${seconds}`, ...Object(options.headers) },
});

/** Sends requests to a thread that prefer to wait. */
function clientOf({ openai }: Pick<Harness, 'openai'>, { thread_id, assistant_id }: Ids) {
  const { messages, runs } = openai.beta.threads;
  return {
    addMessage: (content: string, seconds = 60, options: Options = {}) =>
      messages.create(thread_id, { role: 'user', content }, preferring(seconds, options)),
    startRun: (seconds = 60, options: Options = {}) =>
      runs.create(thread_id, { assistant_id }, preferring(seconds, options)),
  };
}

/** The texts of a thread, oldest first. */
async function textsOf(harness: Harness, thread_id: string): Promise<string[]> {
  const messages = await readMessages(harness, thread_id);
  return messages.flatMap(({ content }) =>
    content.map((part) => (part.type === 'text' ? part.text.value : part.type)),
  );
}

const question = 'Weather in Oslo?';
const activeRun = (thread_id: string, run: { id: string }) =>
  `Can't add messages to ${thread_id} while a run ${run.id} is active.`;

describe('a request that prefers to wait', () => {
  test('adds its message when the run has ended', async () => {
    const { harness, addMessage, thread_id } = await withRun();
    const added = addMessage('Second.').withResponse();
    harness.upstream.respondWith(reply);
    await eventLoopTurn();
    expect(await textsOf(harness, thread_id)).toEqual([question]);
    await harness.runToEnd();
    const { data, response } = await added;
    expect(response.headers.get('preference-applied')).toBe('wait');
    expect(await textsOf(harness, thread_id)).toEqual([question, 'Done.', 'Second.']);
    expect(data.created_at).toBeGreaterThanOrEqual(1_790_000_000);
  });

  test('does at once what no run prevents, and says that it would have waited', async () => {
    const { harness, addMessage, startRun } = await withRun();
    harness.upstream.respondWith(reply);
    await harness.runToEnd();
    const added = await addMessage('Second.').withResponse();
    const started = await startRun().withResponse();
    for (const { response } of [added, started]) {
      expect(response.headers.get('preference-applied')).toBe('wait');
    }
  });

  test('is answered in order of arrival, run by run', async () => {
    const { harness, addMessage, startRun, run, thread_id } = await withRun();
    harness.upstream.respondWith(reply, { output: [textMessage('Done again.')] });
    const order: string[] = [];
    const requests = [
      addMessage('a').then(() => order.push('a')),
      addMessage('b').then(() => order.push('b')),
      startRun().then(() => order.push('run')),
      addMessage('c').then(() => order.push('c')),
    ];
    await eventLoopTurn();
    await harness.runToEnd();
    await Promise.all(requests.slice(0, 3));
    await eventLoopTurn();
    expect((await readRun(harness, { ...run, thread_id })).status).toBe('completed');
    expect(order).toEqual(['a', 'b', 'run']);
    await harness.runToEnd();
    await Promise.all(requests);
    expect(await textsOf(harness, thread_id)).toEqual([
      question,
      'Done.',
      'a',
      'b',
      'Done again.',
      'c',
    ]);
  });

  test('streams its run once the other has ended', async () => {
    const { harness, thread_id, run } = await withRun();
    const { runs } = harness.openai.beta.threads;
    const [{ assistant_id } = run] = (await runs.list(thread_id)).data;
    harness.upstream.respondWith(reply, reply);
    const events: string[] = [];
    const headers = { Prefer: 'wait=60' };
    const read = async () => {
      const body = { assistant_id, stream: true as const };
      for await (const { event } of await runs.create(thread_id, body, { headers })) {
        events.push(event);
      }
    };
    const streamed = read();
    await eventLoopTurn();
    expect(events).toEqual([]);
    await harness.runToEnd();
    await eventLoopTurn();
    await harness.runToEnd();
    await streamed;
    expect([events.at(0), events.at(-1)]).toEqual(['thread.run.created', 'thread.run.completed']);
  });

  test.each([
    ['5', 5],
    [String(maxWaitSeconds + 100), maxWaitSeconds],
  ])('of %s seconds is refused after %d seconds', async (preferred, seconds) => {
    const { harness, addMessage, startRun, run, thread_id } = await withRun();
    const message = apiErrorOf(addMessage('Second.', Number(preferred)));
    const other = apiErrorOf(startRun(Number(preferred)));
    let refused = 0;
    for (const request of [message, other]) void request.then(() => (refused += 1));
    await harness.clock.advance(seconds * 1000 - 1);
    expect(refused).toBe(0);
    await harness.clock.advance(1);
    expect(await message).toMatchObject({ status: 400, message: activeRun(thread_id, run) });
    expect(await other).toMatchObject({
      status: 400,
      message: `Thread ${thread_id} already has an active run ${run.id}.`,
    });
  });

  test('waits while a run waits for outputs, and while these are used', async () => {
    const { harness, addMessage, run, thread_id } = await withRun();
    harness.upstream.respondWith({ output: [functionCall('get_weather', {})] }, reply);
    const added = addMessage('Second.');
    await harness.runToEnd();
    await harness.clock.advance(2000);
    const waiting = await readRun(harness, { ...run, thread_id });
    expect(waiting.status).toBe('requires_action');
    const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: '5' }));
    await harness.openai.beta.threads.runs.submitToolOutputs(run.id, { thread_id, tool_outputs });
    await harness.runToEnd();
    await added;
    expect(await textsOf(harness, thread_id)).toEqual([question, 'Done.', 'Second.']);
  });

  test('ends its wait when its client disconnects, and changes nothing', async () => {
    const { harness, addMessage, thread_id } = await withRun();
    const controller = new AbortController();
    const first = addMessage('first', 60, { signal: controller.signal }).catch(String);
    await eventLoopTurn();
    const second = addMessage('second');
    await eventLoopTurn();
    controller.abort();
    expect(await first).toContain('aborted');
    harness.upstream.respondWith(reply);
    await harness.runToEnd();
    await second;
    expect(await textsOf(harness, thread_id)).toEqual([question, 'Done.', 'second']);
  });

  test('is refused at once when the server shuts down, in a way that the SDK repeats', async () => {
    const { harness, addMessage, startRun } = await withRun();
    const requests = [apiErrorOf(addMessage('Second.')), apiErrorOf(startRun())];
    await eventLoopTurn();
    harness.engine.refuseWaiting();
    const late = apiErrorOf(addMessage('Third.'));
    for (const error of await Promise.all([...requests, late])) {
      expect(error).toMatchObject({
        status: 503,
        message: 'The server is shutting down. Nothing was changed; send the request again.',
      });
    }
  });

  test('gets a 404 when its thread is deleted', async () => {
    const { harness, addMessage, thread_id } = await withRun();
    const refused = apiErrorOf(addMessage('Second.'));
    await eventLoopTurn();
    await harness.openai.beta.threads.delete(thread_id);
    await harness.clock.advance(1000);
    expect((await refused).status).toBe(404);
  });

  test('is refused at once for an invalid body, and for a wait of 0 seconds', async () => {
    const { harness, addMessage, thread_id, run } = await withRun();
    expect((await apiErrorOf(addMessage('x', 0))).message).toBe(activeRun(thread_id, run));
    const path = `/threads/${thread_id}/messages`;
    const headers = { prefer: 'wait=60' };
    const answer = await harness.request('POST', path, { role: 'user' }, headers);
    expect(answer.body.error.message).toBe("Missing required parameter: 'content'.");
    expect(answer.headers.get('preference-applied')).toBe('wait');
  });

  test('makes its change once for each Idempotency-Key', async () => {
    const { harness, addMessage, thread_id } = await withRun();
    harness.upstream.respondWith(reply);
    const headers = { 'Idempotency-Key': 'a' };
    const first = addMessage('Second.', 60, { headers });
    await eventLoopTurn();
    const second = addMessage('Second.', 60, { headers }).withResponse();
    await eventLoopTurn();
    await harness.runToEnd();
    const repeated = await second;
    expect(repeated.data).toEqual(await first);
    expect(repeated.response.headers.get('idempotent-replayed')).toBe('true');
    expect(await textsOf(harness, thread_id)).toEqual([question, 'Done.', 'Second.']);
  });
});

describe('a request that does not prefer to wait', () => {
  test.each([{}, { prefer: 'respond-async' }, { prefer: 'wait=soon' }])(
    'is refused at once, with the headers %j',
    async (headers) => {
      const { harness, thread_id, run } = await withRun();
      const message = { role: 'user', content: 'x' };
      const path = `/threads/${thread_id}/messages`;
      const answer = await harness.request('POST', path, message, headers);
      expect([answer.status, answer.body.error.message]).toEqual([400, activeRun(thread_id, run)]);
      expect(answer.headers.has('preference-applied')).toBe(false);
    },
  );
});

describe('with two engines on one database', () => {
  test('requests of both are answered in order of arrival', async () => {
    const database = temporary('queue.db');
    const one = await withRun({ database });
    const { assistant_id } = (await one.harness.openai.beta.threads.runs.list(one.thread_id))
      .data[0] ?? { assistant_id: '' };
    const { clock, ids } = one.harness;
    const other = await setup({ database, clock, ids });
    const onOther = clientOf(other, { ...one, assistant_id });
    one.harness.upstream.respondWith(reply);
    const order: string[] = [];
    const a = onOther.addMessage('a').then(() => order.push('a'));
    await eventLoopTurn();
    const b = one.addMessage('b').then(() => order.push('b'));
    await eventLoopTurn();
    const c = onOther.addMessage('c').then(() => order.push('c'));
    await eventLoopTurn();
    await one.harness.runToEnd();
    expect(order).toEqual([]);
    await clock.advance(3000);
    await Promise.all([a, b, c]);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(await textsOf(other, one.thread_id)).toEqual([question, 'Done.', 'a', 'b', 'c']);
  });
});
