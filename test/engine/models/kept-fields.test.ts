import { describe, expect, test } from 'vitest';
import { openAt, chatStream } from '../../support/answer-server.ts';
import { temporary } from '../../support/temporary-files.ts';
import { originOf } from '../../../src/engine/models/past-turns.ts';
import { readRun } from '../../support/conversation.ts';
import { geminiAnswers } from '../../support/model-servers/gemini-answers.ts';
import { liteLLMAnswers } from '../../support/model-servers/litellm-answers.ts';
import { openRouterAnswers } from '../../support/model-servers/openrouter-answers.ts';

describe('the own fields of a server come back to it', () => {
  test.each([
    ["Gemini's thought signatures", geminiAnswers, 2],
    ["OpenRouter's reasoning_details, assembled", openRouterAnswers, 1],
    ["LiteLLM's thinking blocks and the fields of a function", liteLLMAnswers, 1],
  ])('%s', async (_, server, calls) => {
    const { start, submit, texts } = await openAt(server);
    const { run, thread_id } = await start();
    expect(run.required_action?.submit_tool_outputs.tool_calls).toHaveLength(calls);
    const ended = await submit(run);
    expect([ended.status, ended.last_error]).toEqual(['completed', null]);
    expect((await texts(thread_id)).at(-1)).toMatch(/Cold in both\.|Snow\./u);
    // A caller sees nothing of them.
    expect(JSON.stringify([run, ended])).not.toMatch(/EjQKMg|Et8BCmU|gAAAA/u);
  });

  test('but not to another endpoint or model, which gets the calls and the outputs', async () => {
    const database = temporary();
    const first = await openAt(geminiAnswers, { database });
    const { run } = await first.start();
    const elsewhere = { chat: () => chatStream([{ content: 'Snow.' }]) };
    const other = await openAt(elsewhere, {
      database,
      baseURL: 'http://localhost:9000/v1',
      ids: first.harness.ids,
    });
    const ended = await other.submit(await readRun(other.harness, run));
    expect(ended.status).toBe('completed');
    const sent = JSON.stringify(other.requests);
    expect(sent).toContain('Rome');
    expect(sent).toContain('-3C, snow');
    expect(sent).not.toMatch(/extra_content|EjQKMg/u);
  });

  test('unless it refuses one of them, which is left out from then on', async () => {
    const call = {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
    };
    const { start, submit, requests } = await openAt({
      chat: ({ messages }, count) => {
        const isRefused = messages.some((message) => 'reasoning_details' in message);
        const error = { message: "property 'reasoning_details' is unsupported" };
        if (isRefused) return Response.json({ error }, { status: 400 });
        return count < 3
          ? chatStream([{ reasoning_details: [{ type: 'x' }], tool_calls: [call] }], 'tool_calls')
          : chatStream([{ content: 'Snow.' }]);
      },
    });
    const { run } = await start();
    const second = await submit(run);
    const ended = await submit(second);
    expect(ended.status).toBe('completed');
    expect(requests).toHaveLength(4);
  });
});

const answer = (items: readonly object[]) => () =>
  Response.json({ object: 'response', status: 'completed', output: items });

test('encrypted reasoning of Responses does not go to another endpoint', async () => {
  const database = temporary();
  const output = [
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' },
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'get_weather',
      arguments: '{"city":"Oslo"}',
      status: 'completed',
    },
  ];
  const first = await openAt({ responses: answer(output) }, { database });
  const { run } = await first.start();
  const options = { database, ids: first.harness.ids };
  const other = await openAt(
    { responses: answer([]) },
    { ...options, baseURL: 'http://localhost:9000/v1' },
  );
  expect((await other.submit(await readRun(other.harness, run))).status).toBe('completed');
  const sent = JSON.stringify(other.requests);
  expect(sent).toContain('call_1');
  expect(sent).not.toContain('gAAAA');
});

test('where a turn comes from is stored without the base URL, which may contain a secret', () => {
  const [url, model] = ['https://relay.example/sk-1/v1', 'local-model'];
  const origin = originOf({ baseURL: url }, model);
  expect(JSON.stringify(origin)).not.toMatch(/relay|sk-1/u);
  expect(originOf({ baseURL: `${url}/` }, model)).toEqual(origin);
  expect(originOf({ baseURL: `${url}/other` }, model)).not.toEqual(origin);
  expect(originOf({ baseURL: url }, 'another-model')).not.toEqual(origin);
});
