import type OpenAI from 'openai';
import { createClient } from '../../src/backend/openai-client.ts';

/** What a scripted server answers with: JSON for 200, or a whole response, or what a function makes. */
type Scripted = object | ((request: Request) => object | Promise<object>);

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
 * An Assistants server that knows only what a test tells it, by `GET /path`. A list of answers is
 * given one by one, the last again and again; everything else is an unknown URL.
 */
export function createFakeServer(script: Readonly<Record<string, Scripted>>): FakeServer {
  const requestLines: string[] = [];
  const requests: Request[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace('/v1', '');
    const call = `${request.method} ${path}`;
    requestLines.push(`${call}${decodeURIComponent(search)}`);
    requests.push(request);
    const found = script[call] ?? errorResponse(404, `Invalid URL (${request.method} ${pathname})`);
    const next = Array.isArray(found) ? (found.length > 1 ? found.shift() : found[0]) : found;
    const answer: object = typeof next === 'function' ? await next(request) : next;
    return answer instanceof Response ? answer.clone() : Response.json(answer);
  };
  return { openai: createClient({ fetch }), requestLines, requests };
}
