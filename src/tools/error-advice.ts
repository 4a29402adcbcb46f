import { type Failure, readFailure } from './sdk-call.ts';
import { formatRunIds } from './next-step.ts';
import type { ToolNameLookup } from './tool.ts';

interface CallContext {
  /** The arguments that the failed call was given, unchecked. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The server that was asked. */
  readonly baseURL: string;
  readonly names: ToolNameLookup;
}

/** Words a sentence of the API's is known by, and what to do about it; null when nothing helps here. */
interface Remedy {
  readonly pattern: RegExp;
  readonly advise: (found: RegExpMatchArray, circumstances: CallContext) => string | null;
}

const argument = ({ args }: CallContext, key: string): string => {
  const value = args[key];
  return typeof value === 'string' ? value : '';
};

/** The ids of the run that holds up a thread (contract §2.2, rows 28 and 29). */
function activeRunAdvice(threadId: string, runId: string, { names }: CallContext): string | null {
  const ids = formatRunIds(threadId, runId);
  const wait = names('get_run');
  const cancel = names('cancel_run');
  if (wait === null) return null;
  const instead = cancel === null ? '' : `, or ${cancel} to stop it`;
  return `Call ${wait} with ${ids} and wait_seconds 30 to let it end${instead}; then try again.`;
}

const listTools: Readonly<Record<string, readonly [tool: string, ...parents: string[]]>> = {
  assistant: ['list_assistants'],
  thread: ['list_threads'],
  message: ['list_messages', 'thread_id'],
  run: ['list_runs', 'thread_id'],
  'run step': ['list_run_steps', 'thread_id', 'run_id'],
  file: ['list_message_files', 'thread_id', 'message_id'],
};

/** Where to look for what was not found. */
function aboutMissing(kind: string, circumstances: CallContext): string | null {
  const [operation = '', ...parents] = listTools[kind] ?? [];
  const tool = circumstances.names(operation);
  if (tool === null) return null;
  const ids = parents.map((key) => `${key} ${JSON.stringify(argument(circumstances, key))}`);
  return `Call ${tool}${ids.length === 0 ? '' : ` with ${ids.join(' and ')}`} to see which exist.`;
}

/** Files that are no one message's. */
function aboutFile({ names }: CallContext): string | null {
  const tool = names('list_files');
  return tool === null ? null : `Call ${tool} to see which exist.`;
}

const listed = (list: string): string[] =>
  [...list.matchAll(/'([^']*)'/gu)].map(([, id]) => `${id}`);

/** Which outputs are missing or foreign (row 34): the server takes all of them in one call only. */
function aboutOutputs(expected: string, got: string): string {
  const due = listed(expected);
  const given = listed(got);
  const missing = due.filter((id) => !given.includes(id));
  const foreign = given.filter((id) => !due.includes(id));
  const parts = [
    missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
    foreign.length > 0 ? `not asked for: ${foreign.join(', ')}` : '',
  ].filter((part) => part !== '');
  const detail = parts.length === 0 ? '' : ` (${parts.join('; ')})`;
  return `Send one output for every expected call id in one call${detail}.`;
}

/** A run in the wrong status for what was asked of it. */
function aboutStatus(status: string, circumstances: CallContext): string | null {
  const look = circumstances.names('get_run');
  const begin = circumstances.names('create_run');
  if (status === 'expired') return begin === null ? null : `Call ${begin} to start a new run.`;
  if (look === null) return null;
  const ids = formatRunIds(argument(circumstances, 'thread_id'), argument(circumstances, 'run_id'));
  return `Call ${look} with ${ids} to see how the run stands.`;
}

/** The words by which servers say that they have no such path. */
const noPath =
  /^(?:Invalid URL\b|Resource not found|Not Found\b|\{"detail":"Not Found"|Cannot [A-Z]+ \/|(?:404 )?page not found|status code \(no body\))/iu;

/** A base URL is used as it is given, and often given without its path. */
const aboutPath = ({ baseURL }: CallContext): string =>
  `Check ASSISTANTS_BASE_URL: /assistants and /threads have to begin at ${baseURL}, which may lack a part such as /v1.`;

const remedies: readonly Remedy[] = [
  {
    pattern: /^Can't add messages to (\S+) while a run (\S+) is active/u,
    advise: ([, thread = '', run = ''], at) => activeRunAdvice(thread, run, at),
  },
  {
    pattern: /^Thread (\S+) already has an active run (\S+?)\.?$/u,
    advise: ([, thread = '', run = ''], at) => activeRunAdvice(thread, run, at),
  },
  {
    pattern: /^No (assistant|thread|message|run step|run|file) found with id/u,
    advise: ([, kind = ''], at) => aboutMissing(kind, at),
  },
  { pattern: /^No such File object/u, advise: (_, at) => aboutFile(at) },
  {
    pattern: /^Not allowed to download files of purpose/u,
    advise: () => 'Attach the file to a message, and an assistant can work with it.',
  },
  {
    pattern: /^Expected tool outputs for call_ids \[(.*)\], got \[(.*)\]/u,
    advise: ([, expected = '', got = '']) => aboutOutputs(expected, got),
  },
  {
    pattern: /^Runs in status "(\w+)" do not accept tool outputs/u,
    advise: ([, status = ''], at) => aboutStatus(status, at),
  },
  {
    pattern: /^Cannot (?:cancel|update) run with status '(\w+)'/u,
    advise: (_, at) => aboutStatus('', at),
  },
  {
    pattern: /^Run creation requires a Thread with a user message/u,
    advise: () => 'Give the question in additional_messages, or instructions.',
  },
  { pattern: noPath, advise: (_, at) => aboutPath(at) },
];

/** The hosted API answers 404 to everything since its shutdown (contract §2.3), whatever the words. */
const isShutDown = (status: number | null, baseURL: string): boolean =>
  status === 404 && URL.parse(baseURL)?.hostname === 'api.openai.com';

function adviseOnServer({ status, unreachable }: Failure, { baseURL }: CallContext): string | null {
  if (isShutDown(status, baseURL)) {
    return 'OpenAI switched its hosted Assistants API off on 2026-08-26. Unset ASSISTANTS_BASE_URL to use the engine built into this server.';
  }
  if (unreachable) return `Check that ${baseURL} (ASSISTANTS_BASE_URL) can be reached.`;
  if (status === 401 || status === 403) return "Check the key in this server's environment.";
  if (status === 429) return 'Wait a little before the next call.';
  return null;
}

/** What to do about a failed call, in one sentence; null when that cannot be known. */
export function advise(error: unknown, circumstances: CallContext): string | null {
  const failure = readFailure(error);
  const general = adviseOnServer(failure, circumstances);
  if (general !== null) return general;
  for (const { pattern: sign, advise: about } of remedies) {
    const found = sign.exec(failure.message);
    if (found !== null) return about(found, circumstances);
  }
  return null;
}
