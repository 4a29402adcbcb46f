import { maxForeignTextLength } from '../shared/redact.ts';
import { type Failure, readFailure } from '../shared/sdk-failure.ts';
import { withoutTrailingSlashes } from '../shared/urls.ts';
import { formatRunIds } from './next-step.ts';
import { firstPath, intendedPath } from './parameter-paths.ts';
import type { JsonSchema } from './tool-listing.ts';
import type { ToolNameLookup } from './tool.ts';

interface CallContext {
  /** The failed call's arguments, unchecked. */
  readonly args: Readonly<Record<string, unknown>>;
  /** What the called tool takes, as listed. */
  readonly inputSchema: JsonSchema;
  /** The server that the call went to. */
  readonly baseURL: string;
  readonly toolName: ToolNameLookup;
}

/** What to do about errors whose message matches a pattern; null when no listed tool helps. */
interface Remedy {
  readonly pattern: RegExp;
  readonly advise: (match: RegExpMatchArray, context: CallContext) => string | null;
}

const stringArgument = ({ args }: CallContext, key: string): string => {
  const value = args[key];
  return typeof value === 'string' ? value : '';
};

/** For a thread with an active run (contract §2.2, rows 28 and 29). */
function activeRunAdvice(
  threadId: string,
  runId: string,
  { toolName }: CallContext,
): string | null {
  const getRun = toolName('get_run');
  const cancelRun = toolName('cancel_run');
  if (getRun === null) return null;
  const orCancel = cancelRun === null ? '' : `, or ${cancelRun} to cancel it`;
  return `Call ${getRun} with ${formatRunIds(threadId, runId)} and wait_seconds 30 to wait for the run${orCancel}; then retry.`;
}

const listTools: Readonly<Record<string, readonly [tool: string, ...idArguments: string[]]>> = {
  assistant: ['list_assistants'],
  thread: ['list_threads'],
  message: ['list_messages', 'thread_id'],
  run: ['list_runs', 'thread_id'],
  'run step': ['list_run_steps', 'thread_id', 'run_id'],
  file: ['list_message_files', 'thread_id', 'message_id'],
};

function notFoundAdvice(kind: string, context: CallContext): string | null {
  const [operation = '', ...idArguments] = listTools[kind] ?? [];
  const tool = context.toolName(operation);
  if (tool === null) return null;
  const ids = idArguments.map((key) => `${key} ${JSON.stringify(stringArgument(context, key))}`);
  return `Call ${tool}${ids.length === 0 ? '' : ` with ${ids.join(' and ')}`} to see which exist.`;
}

function fileNotFoundAdvice({ toolName }: CallContext): string | null {
  const tool = toolName('list_files');
  return tool === null ? null : `Call ${tool} to see which exist.`;
}

const parseQuotedIds = (list: string): ReadonlySet<string> =>
  new Set([...list.matchAll(/'([^']*)'/gu)].map(([, id]) => `${id}`));

/** For missing or unexpected tool outputs (contract §2.2, row 34). */
function toolOutputsAdvice(expectedList: string, receivedList: string): string {
  const expected = parseQuotedIds(expectedList);
  const received = parseQuotedIds(receivedList);
  const missing = [...expected].filter((id) => !received.has(id));
  const unexpected = [...received].filter((id) => !expected.has(id));
  const parts = [
    missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
    unexpected.length > 0 ? `unexpected: ${unexpected.join(', ')}` : '',
  ].filter((part) => part !== '');
  const details = parts.length === 0 ? '' : ` (${parts.join('; ')})`;
  return `Send one output for every expected call id in one call${details}.`;
}

/** For a run whose status does not allow the operation. */
function runStatusAdvice(status: string, context: CallContext): string | null {
  const getRun = context.toolName('get_run');
  const createRun = context.toolName('create_run');
  if (status === 'expired')
    return createRun === null ? null : `Call ${createRun} to start a new run.`;
  if (getRun === null) return null;
  const ids = formatRunIds(stringArgument(context, 'thread_id'), stringArgument(context, 'run_id'));
  return `Call ${getRun} with ${ids} to see the run's status.`;
}

const userMessagePaths = ['thread.messages', 'additional_messages'];

function userMessageAdvice({ inputSchema }: CallContext): string | null {
  const messages = firstPath(inputSchema, userMessagePaths);
  const instructions = firstPath(inputSchema, ['instructions']);
  if (messages === null || instructions === null) return null;
  return `Add a user message with ${messages}, or pass ${instructions}.`;
}

/** For a parameter that the tool does not have. */
function unknownParameterAdvice(param: string, { inputSchema, toolName }: CallContext) {
  const path = intendedPath(inputSchema, param);
  if (path !== null) return `Pass it as '${path}'.`;
  const createRun = toolName('create_run');
  const takesThread = firstPath(inputSchema, ['thread']) !== null;
  if (param !== 'thread_id' || !takesThread || createRun === null) return null;
  return `Call ${createRun} to run an assistant on an existing thread.`;
}

/** How servers say that they do not have the requested path. */
const missingPathPattern =
  /^(?:Invalid URL\b|Resource not found|Not Found\b|\{"detail":"Not Found"|Cannot [A-Z]+ \/|(?:404 )?page not found|status code \(no body\))/iu;

/** Web pages and other texts in place of the API's answer. */
const foreignAnswerPattern =
  /^(?:<(?:!doctype|html|h1|head|body)\b|The server's response is not a JSON object)/iu;

const hasVersion = (baseURL: string): boolean => /\/v\d/u.test(baseURL);

function missingPathAdvice({ baseURL }: Pick<CallContext, 'baseURL'>): string {
  const url = withoutTrailingSlashes(baseURL);
  const hint = hasVersion(url)
    ? "It has to end where that server's /assistants and /threads begin."
    : `It lacks /v1, which most servers need: try ${url}/v1.`;
  return `Check ASSISTANTS_BASE_URL: ${baseURL} has no /assistants or /threads. ${hint}`;
}

const remedies: readonly Remedy[] = [
  {
    pattern: /^Can't add messages to (\S+) while a run (\S+) is active/u,
    advise: ([, thread = '', run = ''], context) => activeRunAdvice(thread, run, context),
  },
  {
    pattern: /^Thread (\S+) already has an active run (\S+?)\.?$/u,
    advise: ([, thread = '', run = ''], context) => activeRunAdvice(thread, run, context),
  },
  {
    pattern: /^No (assistant|thread|message|run step|run|file) found with id/u,
    advise: ([, kind = ''], context) => notFoundAdvice(kind, context),
  },
  { pattern: /^No such File object/u, advise: (_, context) => fileNotFoundAdvice(context) },
  {
    pattern: /^Not allowed to download files of purpose/u,
    advise: () => 'Attach the file to a message so that an assistant can read it.',
  },
  {
    pattern: /^Expected tool outputs for call_ids \[([^\]]*)\], got \[([^\]]*)\]/u,
    advise: ([, expected = '', received = '']) => toolOutputsAdvice(expected, received),
  },
  {
    pattern: /^Runs in status "(\w+)" do not accept tool outputs/u,
    advise: ([, status = ''], context) => runStatusAdvice(status, context),
  },
  {
    pattern: /^Cannot (?:cancel|update) run with status '(\w+)'/u,
    advise: (_, context) => runStatusAdvice('', context),
  },
  {
    pattern: /^Run creation requires a Thread with a user message/u,
    advise: (_, context) => userMessageAdvice(context),
  },
  { pattern: missingPathPattern, advise: (_, context) => missingPathAdvice(context) },
];

/** The hosted API answers every request with 404 since its shutdown (contract §2.3). */
const isHostedApiShutdown = (status: number | null, baseURL: string): boolean =>
  status === 404 && URL.parse(baseURL)?.hostname === 'api.openai.com';

function serverAdvice(
  { status, unreachable, message }: Failure,
  { baseURL }: CallContext,
): string | null {
  if (isHostedApiShutdown(status, baseURL)) {
    return 'OpenAI shut down its hosted Assistants API on 2026-08-26. Unset ASSISTANTS_BASE_URL to use the engine built into this server.';
  }
  if (unreachable) return `Check that ${baseURL} (ASSISTANTS_BASE_URL) is reachable.`;
  if (status === 401 || status === 403) return "Check the API key in this server's environment.";
  if (status === 429) return 'Wait a moment, then retry.';
  const isForeign = status !== null && status < 500 && foreignAnswerPattern.test(message);
  if (isForeign && !hasVersion(baseURL)) return missingPathAdvice({ baseURL });
  return null;
}

/** What to do about a failed call, in a sentence or two; null when unknown. */
export function advise(error: unknown, context: CallContext): string | null {
  const failure = readFailure(error);
  const advice = serverAdvice(failure, context);
  if (advice !== null) return advice;
  const { status, code, param } = failure;
  if (status === null && code === 'unknown_parameter' && param !== null) {
    return unknownParameterAdvice(param, context);
  }
  const message = failure.message.slice(0, maxForeignTextLength);
  for (const remedy of remedies) {
    const match = remedy.pattern.exec(message);
    if (match !== null) return remedy.advise(match, context);
  }
  return null;
}
