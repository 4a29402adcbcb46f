import type OpenAI from 'openai';
import { createClient } from '../../src/backend/openai-client.ts';

/** A scripted reply: JSON for a 200, a `Response`, or a function that returns either. */
type ScriptedReply = object | ((request: Request) => object | Promise<object>);

export interface FakeServer {
  readonly openai: OpenAI;
  /** Method, path and query of every request, without /v1. */
  readonly requestLines: string[];
  readonly requests: Request[];
}

/** An error in the API's envelope. */
export const errorResponse = (
  status: number,
  message: string,
  { code = null, param = null }: { code?: string | null; param?: string | null } = {},
): Response =>
  Response.json(
    { error: { message, type: 'invalid_request_error', param, code } },
    { status, headers: { 'x-request-id': 'req_0123456789abcdef0123456789abcdef' } },
  );

/**
 * A fake Assistants server. `script` has a reply for each `METHOD /path`, or a list of replies, of
 * which the last repeats. Every other request is answered with a 404.
 */
export function createFakeServer(script: Readonly<Record<string, ScriptedReply>>): FakeServer {
  const requestLines: string[] = [];
  const requests: Request[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace('/v1', '');
    const route = `${request.method} ${path}`;
    requestLines.push(`${route}${decodeURIComponent(search)}`);
    requests.push(request);
    const scripted =
      script[route] ?? errorResponse(404, `Invalid URL (${request.method} ${pathname})`);
    const replies = Array.isArray(scripted) ? scripted : [scripted];
    const next = replies.length > 1 ? replies.shift() : replies[0];
    const reply: object = typeof next === 'function' ? await next(request) : next;
    return reply instanceof Response ? reply.clone() : Response.json(reply);
  };
  return { openai: createClient({ fetch }), requestLines, requests };
}
