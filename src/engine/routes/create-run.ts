import { unixSeconds } from '../../shared/clock.ts';
import type { CreateMessage } from '../../schema/message.ts';
import type { CreateRun, CreateThreadAndRun } from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { requireAssistant } from './path-objects.ts';
import type { EngineDeps } from '../options.ts';
import { initialState } from '../run-state-machine.ts';
import type { WriteContext } from '../runs/step-writer.ts';
import { assistantBody } from '../store/assistants.ts';
import { type AssistantRow } from '../store/schema.ts';
import { findLocalOnly } from '../store/files.ts';
import { hasUserMessage } from '../store/messages.ts';
import { findActiveRun, insertRun, toRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database, RunSettings } from '../store/schema.ts';
import { threadBody } from '../store/threads.ts';
import { type ThreadRow } from '../store/schema.ts';
import type { UpstreamLookups } from './upstream-lookups.ts';
import { addMessages } from './messages.ts';
import { mergeToolResources, normalizeTools, toToolResources } from './tool-resources.ts';

/** What either of the two requests that create a run may say. */
type RunFields = Partial<Pick<CreateRun, 'additional_instructions' | 'additional_messages'>> &
  Partial<Pick<CreateThreadAndRun, 'tool_resources'>> &
  Omit<CreateThreadAndRun, 'thread' | 'tool_resources'>;

type NewRunRequest = RunFields & {
  readonly id: string;
  /** What was said on the thread, where it is made with the run and nobody else knows of it. */
  readonly initialMessages?: readonly CreateMessage[];
};

function joinInstructions(...parts: readonly (string | null | undefined)[]): string | null {
  const given = parts.filter((part) => part !== null && part !== undefined && part !== '');
  return given.length === 0 ? (parts[0] ?? null) : given.join('\n\n');
}

/** The run's own settings over its assistant's, as they stand now and for good (contract §5.9). */
function resolveRunSettings(
  fields: RunFields,
  assistant: AssistantRow,
  thread: ThreadRow,
  modelFor: EngineDeps['modelFor'],
): RunSettings {
  const base = assistantBody(assistant);
  const named = fields.model ?? base.model;
  const model = modelFor(named);
  const { type = 'auto', last_messages = null } = fields.truncation_strategy ?? {};
  const resources =
    fields.tool_resources === undefined || fields.tool_resources === null
      ? base.tool_resources
      : toToolResources(fields.tool_resources);
  return {
    assistant_id: assistant.id,
    model,
    ...(model === named ? {} : { requested_model: named }),
    instructions: joinInstructions(
      fields.instructions ?? base.instructions,
      fields.additional_instructions,
    ),
    tools: normalizeTools(fields.tools ?? base.tools),
    tool_resources: mergeToolResources(resources, threadBody(thread).tool_resources),
    temperature: fields.temperature ?? base.temperature,
    top_p: fields.top_p ?? base.top_p,
    reasoning_effort: fields.reasoning_effort ?? base.reasoning_effort,
    max_completion_tokens: fields.max_completion_tokens ?? null,
    max_prompt_tokens: fields.max_prompt_tokens ?? null,
    truncation_strategy: { type, last_messages },
    response_format: fields.response_format ?? base.response_format,
    tool_choice: fields.tool_choice ?? 'auto',
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
  };
}

/** The tools that have to be there for a run: with `tool_choice` none it must not use any. */
const neededTools = ({ tools, tool_choice }: RunFields, assistant: AssistantRow) =>
  tool_choice === 'none' ? [] : (tools ?? assistantBody(assistant).tools);

/** Refuses a run that could only be executed without something it asks for. */
function checkExecutable(
  tools: RunSettings['tools'],
  parts: EngineDeps,
  lookups: UpstreamLookups,
): void {
  const { unavailable } = parts.model;
  if (unavailable !== null) throw errors.modelNotConfigured(unavailable);
  const refusal = lookups.unsupportedTools(tools);
  if (refusal !== null) throw errors.unsupportedTool(refusal);
}

/** Refuses a run whose code could not read a file that it brings. */
async function checkReadable(db: Database, { tools, tool_resources }: RunSettings): Promise<void> {
  if (!tools.some(({ type }) => type === 'code_interpreter')) return;
  const id = await findLocalOnly(db, tool_resources.code_interpreter?.file_ids ?? []);
  if (id !== undefined) throw errors.fileOnlyHere(id);
}

/** Whether somebody has asked something on the thread. */
const hasUserInput = async (db: Database, thread: ThreadRow, said: readonly CreateMessage[]) =>
  said.some(({ role }) => role === 'user') || (await hasUserMessage(db, thread.id));

/**
 * Creates a run on a thread under the given id, with the messages that come with it, in the
 * caller's transaction: of concurrent requests one gets the thread, and a refused one leaves it as
 * it was (contract §5.4).
 */
export async function createRun(
  { db, emit }: Pick<WriteContext, 'db' | 'emit'>,
  parts: EngineDeps & { readonly lookups: UpstreamLookups },
  thread: ThreadRow,
  { id, initialMessages: opening, ...fields }: NewRunRequest,
): Promise<RunRow> {
  const assistant = await requireAssistant(db, fields.assistant_id);
  const live = opening === undefined ? await findActiveRun(db, thread.id) : undefined;
  if (live !== undefined) throw errors.threadHasActiveRun(thread.id, live.id);
  checkExecutable(neededTools(fields, assistant), parts, parts.lookups);
  const messages = fields.additional_messages ?? [];
  const added = await addMessages(db, thread, messages, parts);
  const settings = resolveRunSettings(fields, assistant, added.thread, parts.modelFor);
  const hasInstructions = (settings.instructions ?? '') !== '';
  if (!hasInstructions && !(await hasUserInput(db, thread, opening ?? messages)))
    throw errors.emptyThread();
  await checkReadable(db, settings);
  const created_at = unixSeconds(parts.clock);
  const deadline = created_at + parts.runLifetime;
  const run = await insertRun(db, {
    id,
    created_at,
    thread_id: thread.id,
    deadline,
    metadata: fields.metadata ?? {},
    settings,
    state: initialState(deadline),
  });
  const data = toRun(run);
  emit(id, { event: 'thread.run.created', data });
  emit(id, { event: 'thread.run.queued', data });
  return run;
}
