import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { apiKey } from '../../support/engine.ts';
import { executors } from '../../support/executors.ts';
import { toolCall } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  createRun,
  createThread,
  readRun,
} from '../../support/conversation.ts';

type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

const image = (url: string) => ({ type: 'image_url', image_url: { url } }) as const;

describe.each(executors)('the request of the $name model', ({ open }) => {
  const sentFor = async (
    params: RunParams,
    messages?: OpenAI.Beta.ThreadCreateParams.Message[],
  ) => {
    const harness = await open();
    harness.respondWith({});
    const { id: assistant_id } = await createAssistant(harness);
    const thread = await harness.openai.beta.threads.create({
      messages: messages ?? [{ role: 'user', content: 'Weather?' }],
    });
    const created = await harness.openai.beta.threads.runs.create(thread.id, {
      assistant_id,
      ...params,
    });
    await harness.runToEnd();
    const ended = await readRun(harness, created);
    expect([ended.status, ended.last_error]).toEqual(['completed', null]);
    return JSON.stringify(harness.sent()[0]);
  };

  test('carries the API key', async () => {
    const harness = await open({ key: apiKey });
    harness.respondWith({});
    const { run: created } = await createRun(harness);
    await harness.runToEnd();
    expect((await readRun(harness, created)).status).toBe('completed');
  });

  test('omits settings that the run does not set', async () => {
    const sent = await sentFor({});
    for (const name of [
      'temperature',
      'top_p',
      'reasoning_effort',
      '"reasoning"',
      '_tokens',
      'format',
    ]) {
      expect(sent).not.toContain(name);
    }
  });

  test('has every setting that the run sets', async () => {
    const sent = await sentFor({
      temperature: 0,
      top_p: 0.5,
      reasoning_effort: 'low',
      parallel_tool_calls: false,
      additional_instructions: 'Say please.',
    });
    for (const part of [
      '"temperature":0',
      '"top_p":0.5',
      '"low"',
      '"parallel_tool_calls":false',
      'Be brief.\\n\\nSay please.',
    ]) {
      expect(sent).toContain(part);
    }
  });

  /** What is sent for a run of an assistant that is created, then modified. */
  const sentAfter = async (created: object, modified: object, run: object) => {
    const harness = await open();
    harness.respondWith({});
    const { id } = await createAssistant(harness, created);
    await harness.openai.beta.assistants.update(id, modified);
    const thread = await createThread(harness);
    const parameters = { assistant_id: id, ...run };
    await harness.openai.beta.threads.runs.create(thread.id, parameters);
    await harness.runToEnd();
    return harness.sent()[0];
  };

  describe('with a sampling setting of 1', () => {
    const shown = { temperature: 1, top_p: 1 };
    const chosen = { temperature: 0.2, top_p: 0.3 };

    test.each<[object, object, object]>([
      [shown, {}, {}],
      [{}, shown, {}],
      [{}, {}, shown],
      [shown, shown, shown],
      [chosen, { temperature: null, top_p: null }, shown],
    ])('omits 1 where it was shown for an unset value (%o, %o, %o)', async (...changes) => {
      const sent = await sentAfter(...changes);
      expect(sent).not.toHaveProperty('temperature');
      expect(sent).not.toHaveProperty('top_p');
    });

    test.each<[object, object, object]>([
      [chosen, {}, shown],
      [chosen, shown, {}],
      [chosen, shown, shown],
    ])('sends 1 in place of another value (%o, %o, %o)', async (...changes) => {
      expect(await sentAfter(...changes)).toMatchObject(shown);
    });
  });

  test('asks for JSON in json_object mode', async () => {
    expect(await sentFor({ response_format: { type: 'json_object' } })).toContain('json_object');
  });

  test('has the schema in json_schema mode', async () => {
    const json_schema = { name: 'weather', schema: { type: 'object' }, strict: true };
    const sent = await sentFor({ response_format: { type: 'json_schema', json_schema } });
    for (const part of ['"json_schema"', '"weather"', '"strict":true']) {
      expect(sent).toContain(part);
    }
  });

  test('has images of user messages but not of assistant messages', async () => {
    const sent = await sentFor({}, [
      {
        role: 'user',
        content: [{ type: 'text', text: 'Compare.' }, image('https://a.io/cat.png')],
      },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'Here:' }, image('https://a.io/dog.png')],
      },
      { role: 'user', content: 'Well?' },
    ]);
    expect(sent).toContain('https://a.io/cat.png');
    expect(sent).toContain('Here:');
    expect(sent).not.toContain('dog.png');
  });

  test('has outputs in the order of the calls', async () => {
    const harness = await open();
    const calls = ['Oslo', 'Rome'].map((city) => toolCall('get_weather', { city }));
    harness.respondWith({ calls }, { text: 'Snow.' });
    const { run, thread_id } = await createRun(harness);
    await harness.runToEnd();
    const ids = callIds(await readRun(harness, run));
    const tool_outputs = ids.map((tool_call_id, index) => ({
      tool_call_id,
      output: `output ${index}`,
    }));
    await harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
      thread_id,
      tool_outputs: tool_outputs.toReversed(),
    });
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    expect(JSON.stringify(harness.sent()[1])).toMatch(/output 0.*output 1/u);
  });

  test('consists of the instructions if the thread is empty', async () => {
    expect(await sentFor({ instructions: 'Say hello.' }, [])).toContain('Say hello.');
  });
});
