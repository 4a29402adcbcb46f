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
export type RunIds = Pick<Run, 'id' | 'thread_id'>;

interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Requests to any process of a fleet. */
export interface Client {
  /** Null if the process was killed before it responded. */
  send(method: string, path: string, body?: object): Promise<Response | null>;
  /** Like `send`, with the complete response body. */
  request(method: string, path: string, body?: object): Promise<ApiResponse | null>;
  /** Null if no process responded. */
  retrieveRun(run: RunIds): Promise<Run | null>;
  /** Submits an output for every tool call that the run requires. */
  submitOutputs(run: Run): Promise<ApiResponse | null>;
}

export function createClient(fleet: Fleet): Client {
  const send: Client['send'] = async (method, path, body) => {
    const url = await fleet.anyUrl();
    return fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => null);
  };

  const request: Client['request'] = async (method, path, body) => {
    const response = await send(method, path, body);
    const text = await response?.text().catch(() => null);
    if (response === null || text === null || text === undefined) return null;
    return { status: response.status, body: JSON.parse(text) };
  };

  return {
    send,
    request,
    async retrieveRun({ id, thread_id }) {
      const response = await request('GET', `/threads/${thread_id}/runs/${id}`);
      return response?.status === 200 ? runObject.parse(response.body) : null;
    },
    submitOutputs: ({ id, thread_id, required_action }) =>
      request('POST', `/threads/${thread_id}/runs/${id}/submit_tool_outputs`, {
        tool_outputs: required_action?.submit_tool_outputs.tool_calls.map((call) => ({
          tool_call_id: call.id,
          output: 'seen',
        })),
      }),
  };
}
