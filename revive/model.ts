import { serve } from '@hono/node-server';
import * as z from 'zod';
import { createChatUpstream } from '../test/support/chat-upstream.ts';
import { type Reply, toolCall } from '../test/support/chat-replies.ts';
import { toTurn } from '../test/support/executors.ts';
import { createUpstream } from '../test/support/upstream.ts';

const part = z.looseObject({ text: z.string().optional() });
const named = z.looseObject({ name: z.string() });
const item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  output: z.string().optional(),
});

/** A request of either API, as far as a reply depends on it. */
const modelRequest = z.looseObject({
  input: z.array(item).optional(),
  messages: z.array(item).optional(),
  tools: z
    .array(z.looseObject({ name: z.string().optional(), function: named.optional() }))
    .optional(),
});

type Item = z.infer<typeof item>;
type ModelRequest = z.infer<typeof modelRequest>;

const textOf = ({ content }: Item): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('\n');

const outputOf = (entry: Item): string[] => {
  if (entry.type === 'function_call_output') return [entry.output ?? ''];
  return entry.role === 'tool' ? [textOf(entry)] : [];
};

/**
 * The reply to a transcript. The user says what to call: `Call get_weather with {"city":"Oslo"}`.
 * Outputs are repeated; any other message is repeated with its number, which shows what the model
 * has been sent of the conversation.
 */
export function replyTo({ input, messages, tools = [] }: ModelRequest): Reply {
  const transcript = input ?? messages ?? [];
  const users = transcript.filter(({ role }) => role === 'user');
  const last = users.at(-1);
  const outputs = transcript.slice(transcript.lastIndexOf(last ?? {})).flatMap(outputOf);
  if (outputs.length > 0) return { text: `The tools said: ${outputs.join('; ')}` };
  const text = last === undefined ? '' : textOf(last);
  const names = new Set(tools.map((tool) => tool.function?.name ?? tool.name));
  const calls = [...text.matchAll(/\bcall (\w+) with (\{[^{}]*\})/giu)]
    .filter(([, name = '']) => names.has(name))
    .map(([, name = '', args = '']) => ({ ...toolCall(name, {}), args }));
  return calls.length > 0 ? { calls } : { text: `Message ${users.length} was: ${text}` };
}

export interface Model {
  readonly baseURL: string;
  /** Why requests were refused that no model endpoint would accept. */
  rejections(): string[];
  close(): void;
}

/**
 * Starts a model endpoint with the Responses API and Chat Completions on a free port. Requests that are
 * for neither go to `fetchOther`, if it is there.
 */
export async function startModel(
  fetchOther?: (request: Request) => Promise<Response>,
): Promise<Model> {
  const rejections: string[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (fetchOther !== undefined && !/\/(?:responses|completions)$/u.test(pathname)) {
      return fetchOther(request);
    }
    const text = await request.text();
    const upstream = pathname.endsWith('/responses')
      ? createUpstream({ apiKey: null, isOpenAI: false })
      : createChatUpstream();
    if (request.method === 'POST') {
      const reply = replyTo(modelRequest.parse(JSON.parse(text)));
      if ('responsesAttempts' in upstream) upstream.respondWith(reply);
      else upstream.respondWith(toTurn(reply));
    }
    const { method, headers } = request;
    const body = method === 'POST' ? text : null;
    const response = await upstream.fetch(request.url, { method, headers, body });
    rejections.push(...upstream.rejections.map(({ message }) => message));
    return response;
  };
  const started = Promise.withResolvers<number>();
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
    started.resolve(port),
  );
  return {
    baseURL: `http://127.0.0.1:${await started.promise}/v1`,
    rejections: () => rejections.splice(0),
    close: () => void server.close(),
  };
}
