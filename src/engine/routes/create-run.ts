import { unixSeconds } from '../../shared/clock.ts';
import type { CreateRun, CreateThreadAndRun } from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { requireAssistant } from './path-objects.ts';
import type { HostedTool } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { initialState } from '../run-state-machine.ts';
import { unsupportedTools } from '../runs/file-search/available.ts';
import type { WriteContext } from '../runs/step-writer.ts';
import { assistantBody, chosenSampling } from '../store/assistants.ts';
import { findLocalOnly } from '../store/files.ts';
import { hasUserMessage } from '../store/messages.ts';
import { findActiveRun, insertRun, toRun } from '../store/runs.ts';
import {
  type AssistantRow,
  type Database,
  type RunRow,
  type RunSettings,
  type ThreadRow,
  toToolResources,
} from '../store/schema.ts';
import { threadBody } from '../store/threads.ts';
import { addMessages, saveAttachments } from './messages.ts';
import {
  mergeToolResources,
  normalizeTools,
  prepareAttachments,
  type SearchStore,
} from './tool-resources.ts';
import { StalePreparation, type UpstreamStores } from './upstream-lookups.ts';
import type { NewMessageFields } from './v1-files.ts';

/** The fields of either of the two requests that create a run. */
type RunFields = Partial<Pick<CreateRun, 'additional_instructions'>> &
  Omit<CreateThreadAndRun, 'thread'> & {
    readonly additional_messages?: readonly NewMessageFields[];
  };

type NewRunRequest = RunFields & {
  readonly id: string;
  /** The messages of a thread that is created with the run. */
  readonly initialMessages?: readonly NewMessageFields[];
};

/** What the model endpoint was asked for a run, and what its answers depend on. */
interface PreparedRun {
  readonly toolTypes: string;
  /** Hosted tools that the endpoint lacks; the run goes on without them. */
  readonly omittedTools: readonly HostedTool[];
  readonly searchStore: SearchStore | null;
}

function joinInstructions(...parts: readonly (string | null | undefined)[]): string | null {
  const texts = parts.filter((part) => part !== null && part !== undefined && part !== '');
  return texts.length === 0 ? (parts[0] ?? null) : texts.join('\n\n');
}

/** A run's settings over its assistant's, fixed when it is created (contract §5.9). */
function resolveRunSettings(
  fields: RunFields,
  assistant: AssistantRow,
  thread: ThreadRow,
  modelFor: EngineDeps['modelFor'],
): RunSettings {
  const base = assistantBody(assistant);
  const requestedModel = fields.model === '' ? base.model : (fields.model ?? base.model);
  const model = modelFor(requestedModel);
  const { type = 'auto', last_messages = null } = fields.truncation_strategy ?? {};
  const resources =
    fields.tool_resources === undefined || fields.tool_resources === null
      ? base.tool_resources
      : toToolResources(fields.tool_resources);
  return {
    assistant_id: assistant.id,
    model,
    ...(model === requestedModel ? {} : { requested_model: requestedModel }),
    instructions: joinInstructions(
      fields.instructions ?? base.instructions,
      fields.additional_instructions,
    ),
    tools: normalizeTools(fields.tools ?? base.tools),
    tool_resources: mergeToolResources(resources, threadBody(thread).tool_resources),
    temperature: chosenSampling(fields.temperature, base.temperature),
    top_p: chosenSampling(fields.top_p, base.top_p),
    reasoning_effort: fields.reasoning_effort ?? base.reasoning_effort,
    max_completion_tokens: fields.max_completion_tokens ?? null,
    max_prompt_tokens: fields.max_prompt_tokens ?? null,
    truncation_strategy: { type, last_messages },
    response_format: fields.response_format ?? base.response_format,
    tool_choice: fields.tool_choice ?? 'auto',
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
  };
}

/** The tools that the model endpoint must have: none with `tool_choice` none. */
const neededTools = ({ tools, tool_choice }: RunFields, assistant: AssistantRow) =>
  tool_choice === 'none' ? [] : (tools ?? assistantBody(assistant).tools);

const typesOf = (tools: RunSettings['tools']): string => tools.map(({ type }) => type).join();

/** The run's assistant; rejects a run on a thread with an active run, and one without a model. */
async function checkRun(
  db: Database,
  { model }: EngineDeps,
  thread: ThreadRow | null,
  { assistant_id }: RunFields,
): Promise<AssistantRow> {
  const assistant = await requireAssistant(db, assistant_id);
  const active = thread === null ? undefined : await findActiveRun(db, thread.id);
  if (active !== undefined) throw errors.threadHasActiveRun(active.thread_id, active.id);
  if (model.unavailable !== null) throw errors.modelNotConfigured(model.unavailable);
  return assistant;
}

/** Asks the model endpoint what a run needs; `thread` is null where it is created with the run. */
export async function prepareRun(
  deps: EngineDeps,
  thread: ThreadRow | null,
  fields: RunFields,
  stores: UpstreamStores,
): Promise<PreparedRun> {
  const tools = neededTools(fields, await checkRun(deps.db, deps, thread, fields));
  const unsupported = await unsupportedTools(deps, tools);
  const [first] = unsupported;
  if (first !== undefined && deps.dropsHostedTools !== true) {
    throw errors.unsupportedTool(first.reason);
  }
  const messages = fields.additional_messages ?? [];
  const searchStore = await prepareAttachments(messages, stores, async () =>
    thread === null ? {} : threadBody(thread).tool_resources,
  );
  const omittedTools = unsupported.map(({ type }) => type);
  return { toolTypes: typesOf(tools), omittedTools, searchStore };
}

/** The settings without tools that the endpoint lacks; a `tool_choice` that needs one becomes `auto`. */
function withoutTools(settings: RunSettings, omitted: readonly HostedTool[]): RunSettings {
  if (omitted.length === 0) return settings;
  const isOmitted = (type: string) => omitted.some((tool) => tool === type);
  const tools = settings.tools.filter(({ type }) => !isOmitted(type));
  const { tool_choice } = settings;
  const needsOmitted =
    typeof tool_choice === 'object' ? isOmitted(tool_choice.type) : tools.length === 0;
  return { ...settings, tools, tool_choice: needsOmitted ? 'auto' : tool_choice };
}

/** Rejects a run whose code could not read one of its files. */
async function checkReadable(db: Database, { tools, tool_resources }: RunSettings): Promise<void> {
  if (!tools.some(({ type }) => type === 'code_interpreter')) return;
  const id = await findLocalOnly(db, tool_resources.code_interpreter?.file_ids ?? []);
  if (id !== undefined) throw errors.fileOnlyHere(id);
}

const hasUserInput = async (db: Database, thread: ThreadRow, added: readonly NewMessageFields[]) =>
  added.some(({ role }) => role === 'user') || (await hasUserMessage(db, thread.id));

/**
 * Creates a run on a thread, with its additional messages, in the caller's transaction: of
 * concurrent requests one gets the thread, and a rejected one changes nothing (contract §5.4).
 */
export async function createRun(
  { db, emit }: Pick<WriteContext, 'db' | 'emit'>,
  deps: EngineDeps,
  thread: ThreadRow,
  { id, initialMessages, ...fields }: NewRunRequest,
  prepared: PreparedRun,
): Promise<RunRow> {
  const isNewThread = initialMessages !== undefined;
  const assistant = await checkRun(db, deps, isNewThread ? null : thread, fields);
  if (typesOf(neededTools(fields, assistant)) !== prepared.toolTypes) throw new StalePreparation();
  const messages = fields.additional_messages ?? [];
  await addMessages(db, thread.id, messages, deps);
  const complete = await saveAttachments(db, thread, messages, prepared.searchStore);
  const { omittedTools } = prepared;
  const settings = withoutTools(
    resolveRunSettings(fields, assistant, complete, deps.modelFor),
    omittedTools,
  );
  const hasInstructions = (settings.instructions ?? '') !== '';
  if (!hasInstructions && !(await hasUserInput(db, thread, initialMessages ?? messages)))
    throw errors.emptyThread();
  await checkReadable(db, settings);
  const created_at = unixSeconds(deps.clock);
  const deadline = created_at + deps.runLifetime;
  const run = await insertRun(db, {
    id,
    created_at,
    thread_id: thread.id,
    deadline,
    metadata: fields.metadata ?? {},
    settings,
    state: {
      ...initialState(deadline),
      ...(omittedTools.length > 0 && { omitted_tools: omittedTools }),
    },
  });
  if (omittedTools.length > 0) {
    deps.log.warn('run goes on without hosted tools', { run_id: id, omitted_tools: omittedTools });
  }
  const data = toRun(run);
  emit(id, { event: 'thread.run.created', data });
  emit(id, { event: 'thread.run.queued', data });
  return run;
}
