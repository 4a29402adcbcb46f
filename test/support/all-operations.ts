import { expect } from 'vitest';
import type { Clock } from '../../src/shared/clock.ts';
import type { Harness } from './engine.ts';
import type { Host } from './mcp.ts';
import { weatherTool } from './conversation.ts';

/** A clock whose waits are filled by the engine's work. */
export const workingClock = (harness: Harness): Clock => ({
  now: () => harness.clock.now(),
  async sleep(ms) {
    await harness.runToEnd();
    await harness.clock.advance(ms);
  },
});

/** Calls tools that must succeed, and remembers which. */
export function createCallRecorder(host: Host) {
  const called = new Set<string>();
  const call = async (name: string, args: object = {}) => {
    called.add(name);
    const { failed, text, object } = await host.call(name, args);
    expect({ failed, object: JSON.parse(text) }).toEqual({ failed: false, object });
    return object;
  };
  return { called, call };
}

type CallRecorder = ReturnType<typeof createCallRecorder>;

/** An assistant with a function. */
export const createAssistantByTool = ({ call }: CallRecorder) =>
  call('create_assistant', { model: 'gpt-4.1-mini', name: 'Ada', tools: [weatherTool] });

/** Every tool of runs, once at least: a question, a function call, a reply, another run cancelled. */
export async function callRunTools({ call }: CallRecorder, assistant_id: string): Promise<object> {
  const messages = [{ role: 'user', content: 'Weather in Oslo?' }];
  const due = await call('create_thread_and_run', { assistant_id, thread: { messages } });
  expect(due.status).toBe('requires_action');
  expect(due.next).toMatch(/^Call submit_tool_outputs with .*\(get_weather\)\.$/u);
  const at = { thread_id: due.thread_id, run_id: due.id };
  const [{ id: tool_call_id }] = due.required_action.submit_tool_outputs.tool_calls;
  const tool_outputs = [{ tool_call_id, output: '-3C, snow' }];
  const done = await call('submit_tool_outputs', { ...at, tool_outputs });
  expect(done.status).toBe('completed');
  expect(done.reply).toContain('-3C, snow');
  expect(done).not.toHaveProperty('next');
  expect((await call('get_run', at)).reply).toBe(done.reply);
  expect((await call('modify_run', { ...at, metadata: { k: 'v' } })).metadata).toEqual({ k: 'v' });
  const { thread_id } = at;
  const additional_messages = [{ role: 'user', content: 'And in Bergen?' }];
  const next = await call('create_run', {
    thread_id,
    assistant_id,
    additional_messages,
    wait_seconds: 0,
  });
  expect(next.next).toMatch(/^Call get_run with/u);
  const cancelled = await call('cancel_run', { thread_id, run_id: next.id });
  expect(cancelled.status).toBe('cancelling');
  const again = await call('cancel_run', { thread_id, run_id: next.id });
  expect(again.status).toMatch(/^cancell/u);
  const listed = await call('list_runs', { thread_id, limit: 1 });
  expect(listed).toMatchObject({ data: [{ id: next.id }], has_more: true, first_id: next.id });
  return at;
}
