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
  ['an empty string', ''],
  ['JSON', '{"role":"system"}'],
  ['line separators', 'a\u2028b\u2029c'],
] as const;

test.each(texts)('%s is stored and returned unchanged', async (_, text) => {
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

test.each(texts)('%s is sent to the model and saved from its response', async (_, text) => {
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

test('names of Object.prototype are ordinary keys', async () => {
  const { request } = await setup();
  const metadata = '{"__proto__":"a","constructor":"b","toString":"c"}';
  const created = await request('POST', '/threads', `{"metadata":${metadata}}`);
  expect(created.status).toBe(200);
  const { body } = await request('GET', `/threads/${created.body.id}`);
  expect(JSON.stringify(body.metadata)).toBe(metadata);
  const protoKey = await request('POST', '/threads', '{"__proto__":{"metadata":{}}}');
  expect(protoKey.body.error).toMatchObject({ message: "Unknown parameter: '__proto__'." });
  const constructorKey = await request('POST', '/threads', '{"constructor":1}');
  expect(constructorKey.body.error).toMatchObject({ message: "Unknown parameter: 'constructor'." });
});

test('the parameters of a function are stored with every key', async () => {
  const { request } = await setup();
  const parameters = '{"type":"object","properties":{"__proto__":{"type":"string"}},"x":[1,null]}';
  const tools = `[{"type":"function","function":{"name":"f","parameters":${parameters}}}]`;
  const { body } = await request('POST', '/assistants', `{"model":"m","tools":${tools}}`);
  expect(JSON.stringify(body.tools[0].function.parameters)).toBe(parameters);
});

test('content of ten megabytes is rejected because of its length', async () => {
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

test('JSON with ten thousand levels gets a response', async () => {
  const { request } = await setup();
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const deepArray = await request('POST', '/threads', `{"metadata":${deep}}`);
  expect(deepArray.status).toBe(400);
  const nested = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const tools = `[{"type":"function","function":{"name":"f","parameters":${nested}}}]`;
  const { status } = await request('POST', '/assistants', `{"model":"m","tools":${tools}}`);
  expect([200, 400]).toContain(status);
});

test('an id with special characters is an unknown id', async () => {
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

test('a call of an unknown function with invalid JSON does not break the run', async () => {
  const harness = await setup();
  const answer = { output: [functionCall('never_offered', '{not json', 'call_odd')] };
  harness.upstream.respondWith(answer, answer, answer);
  const { run } = await createRun(harness);
  await harness.engine.tick();
  await harness.clock.advance(60_000);
  await harness.engine.idle();
  const params = { thread_id: run.thread_id };
  const read = await harness.openai.beta.threads.runs.retrieve(run.id, params);
  expect(read.status).toBe('failed');
  expect(read.last_error?.message).toContain('never_offered');
});
