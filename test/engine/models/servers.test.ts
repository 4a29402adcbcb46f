import { describe, expect, test } from 'vitest';
import { createChatUpstream } from '../../support/chat-upstream.ts';
import { setup } from '../../support/engine.ts';
import { toolCall } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { type ServerProfile, serverProfiles } from './server-profiles.ts';

const cities = (run: Awaited<ReturnType<typeof readRun>>) =>
  run.required_action?.submit_tool_outputs.tool_calls.map((call) =>
    JSON.parse(call.function.arguments),
  );

const isAzure = ({ name }: ServerProfile) => name === 'Azure';

/** A conversation with text, reasoning and parallel calls in three turns, on one server. */
async function converse(row: ServerProfile) {
  const { server, baseURL } = row;
  const upstream = createChatUpstream({ server });
  // `auto` would use the Responses API of Azure.
  const model = isAzure(row) ? 'chat' : 'auto';
  const harness = await setup({ model, baseURL, endpoint: upstream });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await harness.openai.beta.threads.create({
    messages: ['Weather in Oslo?', 'And in Rome?'].map((content) => ({ role: 'user', content })),
  });
  const parallelCalls = [
    toolCall('get_weather', { city: 'Oslo' }),
    toolCall('get_weather', { city: 'Rome' }),
  ];
  upstream.respondWith(
    { text: 'Let me see.', reasoning: 'Two calls.', calls: parallelCalls },
    { reasoning: 'One more.', calls: [toolCall('get_weather', { city: 'Bergen' })] },
    { text: 'Cold in all of them. ❄️' },
  );
  const settings = { assistant_id, max_completion_tokens: 500 };
  const run = await harness.openai.beta.threads.runs.create(thread_id, settings);
  await harness.runToEnd();
  const first = await readRun(harness, run);
  await submitOutputs(harness, first);
  await harness.runToEnd();
  const second = await readRun(harness, run);
  await submitOutputs(harness, second);
  await harness.runToEnd();
  return {
    harness,
    upstream,
    run: await readRun(harness, run),
    first,
    second,
    thread_id,
    assistant_id,
  };
}

describe.each(serverProfiles)('at $name, auto-detection', (row) => {
  test('runs an assistant with functions to its end', async () => {
    const { harness, upstream, run, first, second, thread_id } = await converse(row);
    expect([first.last_error, second.last_error, run.last_error]).toEqual([null, null, null]);
    expect(cities(first)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
    expect(cities(second)).toEqual([{ city: 'Bergen' }]);
    const ids = [...callIds(first), ...callIds(second)];
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id.startsWith('call_'))).toBe(true);
    expect(run).toMatchObject({
      status: 'completed',
      usage: { total_tokens: row.omitsUsage ? 0 : 45 },
    });
    const [, , ...replies] = await readMessages(harness, thread_id);
    expect(replies.map(textOf)).toEqual(['Let me see.', 'Cold in all of them. ❄️']);
    const steps = await readSteps(harness, run);
    expect(steps.map(({ type, status }) => [type, status])).toEqual([
      ['message_creation', 'completed'],
      ['tool_calls', 'completed'],
      ['tool_calls', 'completed'],
      ['message_creation', 'completed'],
    ]);
    const limit = isAzure(row) ? 'max_completion_tokens' : 'max_tokens';
    expect(upstream.sent()).toHaveProperty(limit, row.omitsUsage ? 500 : 490);
  });

  test('remembers the missing API and the dialect after the first run', async () => {
    const { harness, upstream, thread_id, assistant_id } = await converse(row);
    const before = upstream.requests.length;
    upstream.respondWith({ text: 'Hello again.' });
    const run = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    expect(upstream.requests.length - before).toBe(1);
    expect(upstream.responsesAttempts()).toBe(isAzure(row) ? 0 : 1);
  });
});
