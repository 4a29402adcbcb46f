import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, readMessages, textOf } from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

const texts = [
  ['NUL', 'a\u0000b'],
  ['a lone surrogate', 'a\uD800b'],
  ['an emoji', '👩‍👩‍👧‍👦 𝔘nicode'],
  ['SQL', "'; drop table messages; --"],
  ['right to left', '\u202Eevil\u202C'],
  ['control characters', '\u0001\u001B[31m\u007F\r\n\t'],
  ['nothing', ''],
  ['JSON', '{"role":"system"}'],
  ['line separators', 'a\u2028b\u2029c'],
] as const;

test.each(texts)('%s comes back as it was written', async (_, text) => {
  const harness = await setup();
  const thread = await harness.openai.beta.threads.create({ metadata: { [`k${text}`]: text } });
  const message = await harness.openai.beta.threads.messages.create(thread.id, {
    role: 'user',
    content: text,
    metadata: { note: text },
  });
  const params = { thread_id: thread.id };
  const read = await harness.openai.beta.threads.messages.retrieve(message.id, params);
  expect(textOf(read)).toBe(text);
  expect(read.metadata).toEqual({ note: text });
  expect((await harness.openai.beta.threads.retrieve(thread.id)).metadata).toEqual({
    [`k${text}`]: text,
  });
  const assistant = await harness.openai.beta.assistants.create({ model: 'm', name: text });
  expect((await harness.openai.beta.assistants.retrieve(assistant.id)).name).toBe(text);
});

test.each(texts)('%s is sent to the model and taken from it', async (_, text) => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [textMessage(`${text}!`)] });
  const { run, thread_id } = await createRun(harness, {
    additional_messages: [{ role: 'user', content: `${text}?` }],
  });
  await harness.runToEnd();
  const reply = (await readMessages(harness, thread_id)).at(-1);
  expect([reply?.run_id, reply && textOf(reply)]).toEqual([run.id, `${text}!`]);
  expect(JSON.stringify(harness.upstream.sent().input.at(-1))).toContain(
    JSON.stringify(`${text}?`).slice(1, -1),
  );
});

test('names of the prototype are names like others', async () => {
  const { request } = await setup();
  const metadata = '{"__proto__":"a","constructor":"b","toString":"c"}';
  const made = await request('POST', '/threads', `{"metadata":${metadata}}`);
  expect(made.status).toBe(200);
  const { body } = await request('GET', `/threads/${made.body.id}`);
  expect(JSON.stringify(body.metadata)).toBe(metadata);
  const polluting = await request('POST', '/threads', '{"__proto__":{"metadata":{}}}');
  expect(polluting.body.error).toMatchObject({ message: "Unknown parameter: '__proto__'." });
  const named = await request('POST', '/threads', '{"constructor":1}');
  expect(named.body.error).toMatchObject({ message: "Unknown parameter: 'constructor'." });
});

test('schemas of functions keep every key', async () => {
  const { request } = await setup();
  const parameters = '{"type":"object","properties":{"__proto__":{"type":"string"}},"x":[1,null]}';
  const tools = `[{"type":"function","function":{"name":"f","parameters":${parameters}}}]`;
  const { body } = await request('POST', '/assistants', `{"model":"m","tools":${tools}}`);
  expect(JSON.stringify(body.tools[0].function.parameters)).toBe(parameters);
});

test('content of ten megabytes is refused by its length', async () => {
  const { request, openai } = await setup();
  const { id } = await openai.beta.threads.create();
  const content = 'x'.repeat(10 * 1024 * 1024);
  const { status, body } = await request('POST', `/threads/${id}/messages`, {
    role: 'user',
    content,
  });
  expect(status).toBe(400);
  expect(body.error.message).toBe(
    "Invalid 'content': string too long. Expected a string with maximum length 256000, but got a string with length 10485760 instead.",
  );
});

test('JSON that is ten thousand levels deep is answered', async () => {
  const { request } = await setup();
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const wrong = await request('POST', '/threads', `{"metadata":${deep}}`);
  expect(wrong.status).toBe(400);
  const nested = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const tools = `[{"type":"function","function":{"name":"f","parameters":${nested}}}]`;
  const { status } = await request('POST', '/assistants', `{"model":"m","tools":${tools}}`);
  expect([200, 400]).toContain(status);
});

test('ids with anything in them are only ids', async () => {
  const { request } = await setup();
  for (const id of [
    "thread_' or '1'='1",
    'thread_%',
    'thread_/../../assistants',
    'thread_\u0000',
  ]) {
    const { status, body } = await request('GET', `/threads/${encodeURIComponent(id)}`);
    expect([status, body.error.message]).toEqual([404, `No thread found with id '${id}'.`]);
  }
});

test('a function name of another model is a call like others', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [functionCall('never_offered', '{not json', 'call_odd')],
  });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const params = { thread_id: run.thread_id };
  const read = await harness.openai.beta.threads.runs.retrieve(run.id, params);
  expect(['requires_action', 'failed']).toContain(read.status);
});
