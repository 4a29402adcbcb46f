import { expect, test } from 'vitest';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

const apiKey = 'sk-0123456789-0123456789-0123456789';

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};

interface Round {
  readonly requestState?: unknown;
  readonly inputResponses?: object;
}

/** Calls delete_thread as a client of 2026-07-28 that answers questions itself. */
async function deleteThread({ url }: RunningServe, thread_id: string, round: Round = {}) {
  const params = { name: 'delete_thread', arguments: { thread_id }, _meta: meta, ...round };
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'delete_thread',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  const message: any = await response.json();
  return message;
}

const accepted = { answer: { action: 'accept', content: {} } };

/** A server with two threads, and the first round of deleting one of them. */
async function ask(env?: Readonly<Record<string, string>>) {
  const served = await startServe(env && { env });
  const { threads } = sdkFor(served).beta;
  const [thread, other] = [await threads.create({}), await threads.create({})];
  const { result } = await deleteThread(served, thread.id);
  const exists = async (id: string) => {
    const { status } = await fetch(`${served.url}/v1/threads/${id}`);
    return status === 200;
  };
  return { served, thread, other, result, exists };
}

test('the first round has the question and a state, and the second one deletes', async () => {
  const { served, thread, result, exists } = await ask();
  expect(result).toMatchObject({
    resultType: 'input_required',
    inputRequests: {
      answer: {
        method: 'elicitation/create',
        params: {
          message: `Delete the thread ${thread.id} with 0 messages and all of its runs?`,
          requestedSchema: { type: 'object', properties: {} },
        },
      },
    },
  });
  expect(await exists(thread.id)).toBe(true);
  const { requestState } = result;
  const round = { requestState, inputResponses: accepted };
  const second = await deleteThread(served, thread.id, round);
  expect(second.result.structuredContent).toMatchObject({ id: thread.id, deleted: true });
  expect(await exists(thread.id)).toBe(false);
});

test('the answer to one call deletes nothing in another', async () => {
  const { served, other, result, exists } = await ask();
  const { requestState } = result;
  const round = { requestState, inputResponses: accepted };
  const second = await deleteThread(served, other.id, round);
  expect(second.result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('belongs to another call. Nothing was done.') }],
  });
  expect(await exists(other.id)).toBe(true);
});

test.each([
  ['a changed payload', (state: string) => state.replace(/^v1\.../u, 'v1.AA')],
  ['a changed signature', (state: string) => `${state.slice(0, -4)}AAAA`],
  ['no signature', (state: string) => state.slice(0, state.lastIndexOf('.'))],
  ['text of the client', () => 'yes'],
  ['an object', () => ({ call: 'delete_thread' })],
])('a state that is %s is refused', async (_, change) => {
  const { served, thread, result, exists } = await ask();
  const requestState = change(result.requestState);
  const { error } = await deleteThread(served, thread.id, {
    requestState,
    inputResponses: accepted,
  });
  expect(error).toMatchObject({ code: -32602, message: 'Invalid or expired requestState' });
  expect(await exists(thread.id)).toBe(true);
});

test.each([
  ['without the state', { inputResponses: accepted }],
  ['under another name', { inputResponses: { confirm: accepted.answer } }],
  [
    'in the shape of a request',
    { inputResponses: { answer: { method: 'x', result: accepted.answer } } },
  ],
  ['with an unknown action', { inputResponses: { answer: { action: 'ok' } } }],
])('an answer %s is asked for again', async (name, round) => {
  const { served, thread, result, exists } = await ask();
  const state = name === 'without the state' ? {} : { requestState: result.requestState };
  const second = await deleteThread(served, thread.id, { ...state, ...round });
  expect(second.result).toMatchObject({ resultType: 'input_required' });
  expect(await exists(thread.id)).toBe(true);
});

test('a call that has asked eight times fails', async () => {
  const { served, thread, result, exists } = await ask();
  let latest = result;
  for (let round = 2; round <= 8; round += 1) {
    const { requestState } = latest;
    ({ result: latest } = await deleteThread(served, thread.id, { requestState }));
    expect(latest.resultType).toBe('input_required');
  }
  const { requestState } = latest;
  const last = await deleteThread(served, thread.id, { requestState });
  expect(last.result.content[0].text).toContain(
    'The call has asked too often. Nothing was deleted.',
  );
  expect(await exists(thread.id)).toBe(true);
});

test('another process takes the answer if it has the same API key, and no other', async () => {
  const env = { ASSISTANTS_MODEL_API: 'scripted', OPENAI_API_KEY: apiKey };
  const { thread, result } = await ask(env);
  const round = { requestState: result.requestState, inputResponses: accepted };
  const same = await deleteThread(await startServe({ env }), thread.id, round);
  expect(same.result.content[0].text).toContain('No thread found');
  for (const OPENAI_API_KEY of [`${apiKey}0`, 'ollama']) {
    const other = await startServe({ env: { ...env, OPENAI_API_KEY } });
    expect((await deleteThread(other, thread.id, round)).error).toMatchObject({ code: -32602 });
  }
});

test('a short key, which could be guessed from a state, signs none', async () => {
  const env = { ASSISTANTS_MODEL_API: 'scripted', OPENAI_API_KEY: 'ollama' };
  const { thread, result } = await ask(env);
  const round = { requestState: result.requestState, inputResponses: accepted };
  const other = await deleteThread(await startServe({ env }), thread.id, round);
  expect(other.error).toMatchObject({ code: -32602 });
});
