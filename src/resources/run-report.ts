import type OpenAI from 'openai';
import * as z from 'zod';
import { runId, threadId } from '../schema/common.ts';
import { fieldOf, isJsonObject } from '../shared/json.ts';
import { cutText } from '../shared/text.ts';
import { nextStep } from '../tools/next-step.ts';
import { readJson } from '../tools/sdk-call.ts';
import { parseArguments } from '../tools/tool.ts';
import { completeRunId, completeThreadId, noCompletion } from './complete-ids.ts';
import {
  bullets,
  code,
  createDocument,
  formatCall,
  formatTime,
  quote,
  untrustedNotice,
} from './markdown.ts';
import { readPages } from './pages.ts';
import type { ResourceContext, ResourceReader } from './resource.ts';

type Run = OpenAI.Beta.Threads.Run;
type Step = OpenAI.Beta.Threads.Runs.RunStep;
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;

/** In characters, of one text of a step; a step may have a thousand. */
const maxTextLength = 32_768;

const text = (title: string, value: string): string[] => [
  '',
  `${title}:`,
  '',
  quote(cutText(value, maxTextLength)),
];

const formatUsage = (usage: unknown): string[] => {
  if (!isJsonObject(usage)) return [];
  const [prompt, completion, total] = ['prompt', 'completion', 'total'].map((name) =>
    code(usage[`${name}_tokens`]),
  );
  return [`- Tokens: ${prompt} prompt + ${completion} completion = ${total}`];
};

const formatError = (error: Run['last_error'] | Step['last_error']): string[] =>
  error ? text(`Error ${code(error.code)}`, error.message) : [];

const timeLines = (times: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(times)
    .filter(([, seconds]) => typeof seconds === 'number')
    .map(([title, seconds]) => `- ${title}: ${formatTime(seconds)}`);

/** What the run itself says. */
function formatRun(run: Run, { toolName }: ResourceContext): string[] {
  const { created_at: created, started_at: started, incomplete_details: incomplete } = run;
  const ended = run.completed_at ?? run.failed_at ?? run.cancelled_at;
  const next = nextStep(run, toolName);
  return [
    `# Run ${code(run.id)}`,
    '',
    untrustedNotice,
    '',
    `- Thread: ${code(run.thread_id)}`,
    `- Assistant: ${code(run.assistant_id)}`,
    `- Model: ${code(run.model)}`,
    `- Status: ${code(run.status)}`,
    ...(incomplete ? [`- Incomplete: ${code(incomplete.reason)}`] : []),
    ...timeLines({ Created: created, Started: started, Ended: ended }),
    ...formatUsage(run.usage),
    ...(next === null ? [] : [`- Next: ${next}`]),
    ...formatError(run.last_error),
  ];
}

type FileSearch = OpenAI.Beta.Threads.Runs.FileSearchToolCall['file_search'];

function formatSearch({ results = [] }: FileSearch): string[] {
  const lines = bullets(
    results,
    ({ file_name: name, file_id: id, score }) =>
      `Found ${code(name)} (${code(id)}), score ${code(score)}`,
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

type CodeInterpreter = OpenAI.Beta.Threads.Runs.CodeInterpreterToolCall['code_interpreter'];

const formatCode = ({ input: source, outputs }: CodeInterpreter): string[] => [
  ...text('Code', source),
  ...(outputs ?? [])
    .slice(0, 100)
    .flatMap((output) =>
      output.type === 'logs'
        ? text('Output', output.logs)
        : ['', `- Image: ${code(output.image.file_id)}`],
    ),
];

function formatToolCall(call: ToolCall): string[] {
  const title = (name: string) => ['', `### Call ${code(call.id)}: ${name}`];
  if (call.type === 'function') {
    const { name, arguments: args, output } = call.function;
    const result = typeof output === 'string' ? text('Output', output) : ['', 'No output yet.'];
    return [...title(`function ${code(name)}`), ...text('Arguments', args), ...result];
  }
  if (call.type === 'code_interpreter') {
    return [...title('code_interpreter'), ...formatCode(call.code_interpreter)];
  }
  if (call.type === 'file_search') {
    return [...title('file_search'), ...formatSearch(call.file_search ?? {})];
  }
  return title(code(fieldOf(call, 'type')));
}

function formatDetails({ step_details: details }: Step): string[] {
  if (details.type === 'message_creation') {
    return [`- Message: ${code(details.message_creation.message_id)}`];
  }
  const calls = details.tool_calls ?? [];
  const maxCalls = 100;
  const rest = calls.length > maxCalls ? ['', `- and ${calls.length - maxCalls} more calls`] : [];
  return [...calls.slice(0, maxCalls).flatMap((call) => formatToolCall(call)), ...rest];
}

function formatStep(step: Step, number: number): string[] {
  const kind = step.step_details.type === 'message_creation' ? 'message' : 'tool calls';
  return [
    `## Step ${number}: ${kind}, ${code(step.id)}`,
    '',
    `- Status: ${code(step.status)}`,
    ...timeLines({ Created: step.created_at, Ended: step.completed_at }),
    ...formatUsage(step.usage),
    ...formatDetails(step),
    ...formatError(step.last_error),
  ];
}

interface RunIds {
  readonly thread_id: string;
  readonly run_id: string;
}

/** How to read what a report leaves out. */
function restOfRun(ids: RunIds, after: string | null, { toolName }: ResourceContext): string[] {
  const tool = toolName('list_run_steps');
  const args = { ...ids, order: 'asc', ...(after !== null && { after }) };
  const call = tool === null ? '' : ` ${formatCall(tool, args)} to read the rest.`;
  return ['---', '', `The report ends here, because the run has too many steps.${call}`];
}

/** A run with its steps, oldest first. Rejects if there is no such run. */
async function readRun(ids: RunIds, context: ResourceContext): Promise<string> {
  const { openai, signal, maxBytes } = context;
  const { thread_id, run_id } = ids;
  const { runs } = openai.beta.threads;
  const { body: run } = await readJson(runs.retrieve(run_id, { thread_id }, { signal }));
  const document = createDocument(maxBytes);
  document.add(formatRun(run, context));
  let count = 0;
  let lastId: string | null = null;
  const hasMore = await readPages<Step>(
    (after) => {
      const query = {
        thread_id,
        order: 'asc',
        limit: 100,
        ...(after !== null && { after }),
      } as const;
      return runs.steps.list(run_id, query, { signal });
    },
    (step) => {
      if (!document.add(formatStep(step, count + 1))) return false;
      count += 1;
      lastId = step.id;
      return true;
    },
  );
  return document.finish(hasMore ? restOfRun(ids, lastId, context) : []);
}

const input = z.strictObject({ thread_id: threadId, run_id: runId });

/** Reads `assistants://threads/{thread_id}/runs/{run_id}`. */
export const runReader: ResourceReader = {
  read: (values, context) => readRun(parseArguments(input, values), context),
  complete: async (variable, typed, known, context) => {
    if (variable === 'thread_id') return completeThreadId(typed, context);
    const thread = known['thread_id'] ?? '';
    return variable === 'run_id' && thread !== ''
      ? completeRunId(thread, typed, context)
      : noCompletion;
  },
};
