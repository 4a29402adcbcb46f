import { serve } from '@hono/node-server';
import { errorMessage } from '../src/shared/errors.ts';
import { anthropic } from './dialects/anthropic.ts';
import { chat } from './dialects/chat.ts';
import type { Answer, Dialect, Transcript } from './dialects/dialect.ts';
import { gemini } from './dialects/gemini.ts';
import { responses } from './dialects/responses.ts';
import { type Call, type Job, jobTools, nextAction, type Results } from './job.ts';

const dialects: readonly Dialect[] = [anthropic, chat, responses, gemini];

/** Whether a host's name for a tool is this tool: hosts put the server's name before it. */
const isTool = (name: string, tool: string): boolean =>
  name === tool || new RegExp(`[^a-z]${tool}$`, 'u').test(name);

/** The tool of the host that shows the tools which it did not list. */
const isToolSearch = (name: string): boolean => /tool_?search/iu.test(name);

/** The tool by which some hosts call the tools that they do not list. */
const isToolCall = (name: string): boolean => name === 'tool_call';

/** The longest name by which a request mentions a tool: with what the host puts before it. */
function mentionedName(tool: string, body: string): string {
  const mentions = body.replaceAll('\\n', ' ').match(new RegExp(`[\\w-]*${tool}\\b`, 'gu')) ?? [];
  return mentions.toSorted((one, other) => other.length - one.length)[0] ?? tool;
}

/** The latest results of our tools. */
function resultsOf({ results }: Transcript): Results {
  const named = results.map(({ name, args, output }) => ({
    name: isToolCall(name) ? (/"name":\s*"([\w-]+)"/u.exec(args)?.[1] ?? '') : name,
    output,
  }));
  return new Map(
    named.flatMap(({ name, output }) =>
      jobTools.filter((tool) => isTool(name, tool)).map((tool) => [tool, output] as const),
    ),
  );
}

/** How to call a tool that the request does not list: search for it first. */
function callUnlisted(
  { tools, results }: Transcript,
  { tool, args }: Call,
  body: string,
): { readonly name: string; readonly args: Call['args'] } | null {
  const name = mentionedName(tool, body);
  const search = tools.find((one) => isToolSearch(one));
  const isFound = results.some((one) => isToolSearch(one.name) && one.args.includes(name));
  if (search !== undefined && !isFound) return { name: search, args: { query: `select:${name}` } };
  const call = tools.find((one) => isToolCall(one));
  return call === undefined ? null : { name: call, args: { name, arguments: args } };
}

/** What the model answers to a request, as job and transcript say. */
export function answerTo(transcript: Transcript, body: string, job: Job): Answer {
  const { tools, results } = transcript;
  const id = `toolu_${results.length}${job.weather.slice(-6)}`;
  // Hosts ask for titles and the like, too.
  if (tools.length === 0) return { id: `${id}_title`, text: 'Weather' };
  const action = nextAction(resultsOf(transcript), job);
  if ('text' in action) return { id, ...action };
  const name = tools.find((one) => isTool(one, action.tool));
  if (name !== undefined) return { id, name, args: action.args };
  const call = callUnlisted(transcript, action, body);
  if (call !== null) return { id, ...call };
  return { id, text: `The request offers no tool ${action.tool}, but: ${tools.join(', ')}` };
}

export interface HostModel {
  /** Without `/v1`. */
  readonly origin: string;
  /** All requests, as text. */
  readonly requests: readonly string[];
  /** Why requests could not be read. */
  readonly failures: readonly string[];
  close(): void;
}

const models = ['gpt-5', 'claude-sonnet-4-5', 'gemini-2.5-pro'].map((id) => ({
  id,
  object: 'model',
  type: 'model',
  display_name: id,
  created: 1_790_000_000,
  owned_by: 'loopback',
}));

/** The answer to a request that is not one for an answer of the model. */
function otherResponse(pathname: string): Response {
  if (pathname.endsWith('/models')) return Response.json({ object: 'list', data: models });
  if (pathname.endsWith('/count_tokens')) return Response.json({ input_tokens: 10 });
  if (pathname.endsWith(':countTokens')) return Response.json({ totalTokens: 10 });
  return Response.json({ error: { message: `no ${pathname}` } }, { status: 404 });
}

/** Starts a model on a free port, which speaks all dialects and does the job with any host's tools. */
export async function startHostModel(job: Job): Promise<HostModel> {
  const requests: string[] = [];
  const failures: string[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const body = await request.text();
    requests.push(`${request.method} ${pathname}\n${body}`);
    const dialect = dialects.find(({ path }) => path.test(pathname));
    if (dialect === undefined || request.method !== 'POST') return otherResponse(pathname);
    try {
      const parsed: unknown = JSON.parse(body);
      return dialect.write(answerTo(dialect.read(parsed), body, job), parsed, pathname);
    } catch (error) {
      failures.push(errorMessage(error));
      return Response.json({ error: { message: errorMessage(error) } }, { status: 400 });
    }
  };
  const started = Promise.withResolvers<number>();
  // A host that uses an idle connection just when it is closed would fail.
  const serverOptions = { keepAliveTimeout: 300_000 };
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0, serverOptions }, ({ port }) =>
    started.resolve(port),
  );
  const origin = `http://127.0.0.1:${await started.promise}`;
  return { origin, requests, failures, close: () => void server.close() };
}
