import * as z from 'zod';
import type { Fleet } from './fleet.ts';

export const runObject = z.looseObject({
  id: z.string(),
  thread_id: z.string(),
  status: z.string(),
  required_action: z
    .object({
      submit_tool_outputs: z.object({ tool_calls: z.array(z.looseObject({ id: z.string() })) }),
    })
    .nullable(),
});
export type Run = z.infer<typeof runObject>;
/** How a run is found. */
export type RunPlace = Pick<Run, 'id' | 'thread_id'>;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Requests to any process of a fleet. */
export interface Client {
  /** Null when the process died before it answered. */
  send(method: string, path: string, body?: object): Promise<Response | null>;
  /** The same, with the whole answer. */
  ask(method: string, path: string, body?: object): Promise<Answer | null>;
  /** The run as it is now, if somebody said. */
  look(run: RunPlace): Promise<Run | null>;
  /** Answers every call that a run waits for. */
  submit(run: Run): Promise<Answer | null>;
}

export function createClient(fleet: Fleet): Client {
  const send: Client['send'] = async (method, path, body) => {
    const url = await fleet.someone();
    return fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => null);
  };

  const ask: Client['ask'] = async (method, path, body) => {
    const answer = await send(method, path, body);
    const text = await answer?.text().catch(() => null);
    if (answer === null || text === null || text === undefined) return null;
    return { status: answer.status, body: JSON.parse(text) };
  };

  return {
    send,
    ask,
    async look({ id, thread_id }) {
      const answer = await ask('GET', `/threads/${thread_id}/runs/${id}`);
      return answer?.status === 200 ? runObject.parse(answer.body) : null;
    },
    submit: ({ id, thread_id, required_action }) =>
      ask('POST', `/threads/${thread_id}/runs/${id}/submit_tool_outputs`, {
        tool_outputs: required_action?.submit_tool_outputs.tool_calls.map((call) => ({
          tool_call_id: call.id,
          output: 'seen',
        })),
      }),
  };
}
