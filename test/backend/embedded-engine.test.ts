import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { setup } from '../support/engine.ts';
import { connectTools, selectTools } from '../support/mcp.ts';
import {
  createCallRecorder,
  createAssistantByTool,
  callRunTools,
  workingClock,
} from '../support/all-operations.ts';

test.each(['2025', '2026'] as const)(
  'every tool works on the embedded engine through the %s client',
  async (generation) => {
    const harness = await setup({ model: 'scripted' });
    const openai = createClient({ fetch: (request) => harness.engine.fetch(request) });
    const host = await connectTools({
      isVerbose: true,
      openai,
      clock: workingClock(harness),
      generation,
    });
    const recorder = createCallRecorder(host);
    const { call, called } = recorder;

    const assistant = await createAssistantByTool(recorder);
    const { id: assistant_id } = assistant;
    expect(await call('get_assistant', { assistant_id })).toEqual(assistant);
    const renamed = await call('modify_assistant', { assistant_id, name: null });
    expect(renamed).toEqual({ ...assistant, name: null });
    expect((await call('list_assistants')).data).toEqual([renamed]);

    const runIds = await callRunTools(recorder, assistant_id);
    const steps = await call('list_run_steps', { ...runIds, order: 'asc' });
    expect(steps.data.map(({ type }: { type: string }) => type)).toEqual([
      'tool_calls',
      'message_creation',
    ]);
    const [step] = steps.data;
    expect(await call('get_run_step', { ...runIds, step_id: step.id })).toEqual(step);

    const thread = await call('create_thread', { metadata: { topic: 'files' } });
    const { id: thread_id } = thread;
    expect(await call('get_thread', { thread_id })).toEqual(thread);
    const modified = await call('modify_thread', { thread_id, metadata: {} });
    expect(modified.metadata).toEqual({});
    expect((await call('list_threads', { limit: 1 })).data).toEqual([modified]);

    const attachments = [{ file_id: 'file-abc', tools: [{ type: 'code_interpreter' }] }];
    const params = { thread_id, role: 'user', content: 'Read this.', attachments };
    const message = await call('create_message', params);
    const messageIds = { thread_id, message_id: message.id };
    expect(await call('get_message', messageIds)).toEqual(message);
    expect((await call('list_messages', { thread_id })).data).toEqual([message]);
    const annotated = await call('modify_message', { ...messageIds, metadata: { read: 'yes' } });
    expect(annotated).toEqual({ ...message, metadata: { read: 'yes' } });
    const files = await call('list_message_files', messageIds);
    expect(files.data).toMatchObject([{ id: 'file-abc', message_id: message.id }]);
    expect(await call('get_message_file', { ...messageIds, file_id: 'file-abc' })).toEqual(
      files.data[0],
    );

    expect(await call('delete_message', messageIds)).toMatchObject({
      id: message.id,
      deleted: true,
    });
    expect(await call('delete_thread', { thread_id })).toMatchObject({ deleted: true });
    expect(await call('delete_assistant', { assistant_id })).toMatchObject({ deleted: true });
    // The others go to the model endpoint.
    const others = selectTools().filter(
      ({ toolset, name }) => toolset !== 'files' && name !== 'list_models',
    );
    expect([...called].toSorted()).toEqual(others.map(({ name }) => name).toSorted());
  },
);

test('an error of the engine has a request id and advice', async () => {
  const harness = await setup({ model: 'scripted' });
  const openai = createClient({ fetch: (request) => harness.engine.fetch(request) });
  const host = await connectTools({ isVerbose: true, openai });
  const args = { thread_id: 'thread_unknown0000000000000000' };
  const { failed, text } = await host.call('get_thread', args);
  expect(failed).toBe(true);
  expect(text).toMatch(
    /^HTTP 404: No thread found with id 'thread_unknown0000000000000000'\.\n\(request id: req_[0-9a-f]{32}\)\nCall list_threads to see which exist\.$/u,
  );
});

test('a second run on a thread gets an error that names the active run', async () => {
  const harness = await setup({ model: 'scripted' });
  const openai = createClient({ fetch: (request) => harness.engine.fetch(request) });
  const host = await connectTools({ isVerbose: true, openai, clock: workingClock(harness) });
  const recorder = createCallRecorder(host);
  const { id: assistant_id } = await createAssistantByTool(recorder);
  const thread = { messages: [{ role: 'user', content: 'Weather?' }] };
  const run = await recorder.call('create_thread_and_run', { assistant_id, thread });
  const { text } = await host.call('create_run', { thread_id: run.thread_id, assistant_id });
  expect(text).toContain(`already has an active run ${run.id}.`);
  expect(text).toContain(`Call get_run with thread_id "${run.thread_id}" and run_id "${run.id}"`);
});

test('progress notifications show a run until it has an answer', async () => {
  const harness = await setup({ model: 'scripted' });
  const openai = createClient({ fetch: (request) => harness.engine.fetch(request) });
  const host = await connectTools({ isVerbose: true, openai, clock: workingClock(harness) });
  const { id: assistant_id } = await createAssistantByTool(createCallRecorder(host));
  const messages: string[] = [];
  const thread = { messages: [{ role: 'user', content: 'Weather?' }] };
  const onprogress = ({ message = '' }) => messages.push(message.replace(/\w+_\w{24}/u, 'it'));
  const { object: waitingRun } = await host.call(
    'create_thread_and_run',
    { assistant_id, thread },
    { onprogress },
  );
  expect(messages.splice(0)).toEqual(['it is queued']);
  const [{ id: tool_call_id }] = waitingRun.required_action.submit_tool_outputs.tool_calls;
  const tool_outputs = [{ tool_call_id, output: 'Snow.' }];
  const runIds = { thread_id: waitingRun.thread_id, run_id: waitingRun.id };
  await host.call('submit_tool_outputs', { ...runIds, tool_outputs }, { onprogress });
  expect(messages).toEqual(['it is queued']);
});
