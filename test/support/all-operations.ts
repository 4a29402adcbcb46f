import { expect } from 'vitest';
import type { Clock } from '../../src/shared/clock.ts';
import type { Harness } from './engine.ts';
import { type Host, readResultText } from './mcp.ts';
import { weatherTool } from './conversation.ts';

/** A clock that executes all runs during each sleep. */
export const workingClock = (harness: Harness): Clock => ({
  now: () => harness.clock.now(),
  async sleep(ms) {
    await harness.runToEnd();
    await harness.clock.advance(ms);
  },
});

/** Calls tools, expects them to succeed, and records their names. */
export function createCallRecorder(host: Host) {
  const called = new Set<string>();
  const call = async (name: string, args: object = {}) => {
    called.add(name);
    const { failed, text, object } = await host.call(name, args);
    expect({ failed, object: readResultText(text).object }).toEqual({ failed: false, object });
    return object;
  };
  return { called, call };
}

type CallRecorder = ReturnType<typeof createCallRecorder>;

/** Creates an assistant with a function tool. */
export const createAssistantByTool = ({ call }: CallRecorder) =>
  call('create_assistant', { model: 'gpt-4.1-mini', name: 'Ada', tools: [weatherTool] });

/** Calls every tool of runs: a question, a function call, a reply, and a second run that is cancelled. */
export async function callRunTools({ call }: CallRecorder, assistant_id: string): Promise<object> {
  const messages = [{ role: 'user', content: 'Weather in Oslo?' }];
  const waiting = await call('create_thread_and_run', { assistant_id, thread: { messages } });
  expect(waiting.status).toBe('requires_action');
  expect(waiting.next).toMatch(/^Call submit_tool_outputs with .*\(get_weather\)\.$/u);
  const ids = { thread_id: waiting.thread_id, run_id: waiting.id };
  const [{ id: tool_call_id }] = waiting.required_action.submit_tool_outputs.tool_calls;
  const tool_outputs = [{ tool_call_id, output: '-3C, snow' }];
  const completed = await call('submit_tool_outputs', { ...ids, tool_outputs });
  expect(completed.status).toBe('completed');
  expect(completed.reply).toContain('-3C, snow');
  expect(completed).not.toHaveProperty('next');
  expect((await call('get_run', ids)).reply).toBe(completed.reply);
  expect((await call('modify_run', { ...ids, metadata: { k: 'v' } })).metadata).toEqual({ k: 'v' });
  const { thread_id } = ids;
  const additional_messages = [{ role: 'user', content: 'And in Bergen?' }];
  const second = await call('create_run', {
    thread_id,
    assistant_id,
    additional_messages,
    wait_seconds: 0,
  });
  expect(second.next).toMatch(/^Call get_run with/u);
  const cancelled = await call('cancel_run', { thread_id, run_id: second.id });
  expect(cancelled.status).toBe('cancelling');
  const cancelledTwice = await call('cancel_run', { thread_id, run_id: second.id });
  expect(cancelledTwice.status).toMatch(/^cancell/u);
  const listed = await call('list_runs', { thread_id, limit: 1 });
  expect(listed).toMatchObject({ data: [{ id: second.id }], has_more: true, first_id: second.id });
  return ids;
}
