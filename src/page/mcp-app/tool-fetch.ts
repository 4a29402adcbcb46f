import type { App } from '@modelcontextprotocol/ext-apps';
import { fieldOf } from '../../shared/json.ts';
import { matchTemplate } from '../../shared/urls.ts';

/** The result of a tool call, as the host passes it on. */
export type ToolResult = Awaited<ReturnType<App['callServerTool']>>;

export type CallTool = (name: string, args: Record<string, unknown>) => Promise<ToolResult>;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly tool: string;
  /** Arguments that no request has. */
  readonly args: Record<string, unknown>;
}

const run = '/threads/{thread_id}/runs/{run_id}';
const verbose = { verbose: true };

/** The requests of this app, and the tools that make the same API calls. */
const routes: readonly Route[] = [
  { method: 'GET', path: run, tool: 'get_run', args: verbose },
  { method: 'GET', path: `${run}/steps`, tool: 'list_run_steps', args: verbose },
  { method: 'POST', path: `${run}/cancel`, tool: 'cancel_run', args: verbose },
  {
    method: 'POST',
    path: `${run}/submit_tool_outputs`,
    tool: 'submit_tool_outputs',
    args: { ...verbose, wait_seconds: 0 },
  },
  { method: 'GET', path: '/threads/{thread_id}/messages', tool: 'list_messages', args: verbose },
  { method: 'GET', path: '/files/{file_id}', tool: 'get_file', args: verbose },
  { method: 'GET', path: '/files/{file_id}/content', tool: 'get_file_content', args: {} },
];

/** The arguments in a query: `limit` is the only number, and lists have names with brackets. */
function readQuery(query: URLSearchParams): Record<string, unknown> {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      if (name.endsWith('[]')) return [name.slice(0, -2), query.getAll(name)];
      const value = query.get(name);
      return [name, name === 'limit' ? Number(value) : value];
    }),
  );
}

/** The text of a result. */
export const textOf = ({ content }: ToolResult): string =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');

const refuse = (status: number, message: string): Response =>
  Response.json({ error: { message } }, { status });

/** The error of a tool call as the API's: the text begins with the status of the API's answer. */
function toErrorResponse(result: ToolResult): Response {
  const text = textOf(result);
  const [, status = '400', message = text] = /^HTTP (4\d\d|5\d\d): ([^]*)$/u.exec(text) ?? [];
  return refuse(Number(status), message);
}

/** The result of a tool call as the API's response: its object, or the bytes of its image. */
function toResponse(result: ToolResult): Response {
  if (result.isError) return toErrorResponse(result);
  const image = result.content.find((block) => block.type === 'image');
  if (image !== undefined) {
    const bytes = Uint8Array.from(atob(image.data), (character) => character.codePointAt(0) ?? 0);
    return new Response(bytes, { headers: { 'content-type': image.mimeType } });
  }
  const { structuredContent } = result;
  return structuredContent === undefined
    ? refuse(415, 'This file cannot be shown here.')
    : Response.json(structuredContent);
}

/**
 * Answers the SDK's requests with tools, which the host calls: an app inside a host has no network.
 * `baseURL` is the beginning of the requests' URLs; `tools` are the names of those that are listed.
 */
export function createToolFetch(
  callTool: CallTool,
  baseURL: string,
  tools: ReadonlySet<string>,
): typeof fetch {
  return async (input, init = {}) => {
    const { method = 'GET', body } = init;
    const url = new URL(input instanceof Request ? input.url : input);
    const path = url.href.slice(baseURL.length, url.href.length - url.search.length);
    for (const route of routes) {
      const ids = route.method === method ? matchTemplate(route.path, path) : null;
      if (ids === null || !tools.has(route.tool)) continue;
      const fields: unknown = typeof body === 'string' ? JSON.parse(body) : {};
      const outputs = fieldOf(fields, 'tool_outputs');
      const args = {
        ...ids,
        ...readQuery(url.searchParams),
        ...(outputs !== undefined && { tool_outputs: outputs }),
        ...route.args,
      };
      try {
        return toResponse(await callTool(route.tool, args));
      } catch (error) {
        return refuse(502, error instanceof Error ? error.message : String(error));
      }
    }
    return refuse(404, 'This server lists no tool for this call.');
  };
}
