import type { TableRow } from '../store/raw-rows.ts';
import { type RunSettings, type RunState, toToolResources, type Usage } from '../store/schema.ts';
import type { StepBody } from '../store/steps.ts';
import type { RunObject } from '../../schema/objects/run.ts';
import { isRunning } from '../../shared/run-status.ts';
import type { StepObject } from '../../schema/objects/run-step.ts';
import { samplingOrNull, stripNulls } from './object-rows.ts';

export interface ImportClock {
  /** Unix seconds. */
  readonly now: number;
  /** Seconds until a pending run expires that has no deadline. */
  readonly lifetime: number;
}

type ImportedUsage = NonNullable<RunObject['usage']> & Partial<Usage>;

/** Usage with the two details that OpenAI's responses have and its schema does not. */
export const fillUsage = (usage: ImportedUsage): Usage => ({
  ...usage,
  prompt_token_details: usage.prompt_token_details ?? { cached_tokens: 0 },
  completion_tokens_details: usage.completion_tokens_details ?? { reasoning_tokens: 0 },
});

const toUsage = (usage: ImportedUsage | null | undefined): Usage | null =>
  usage === null || usage === undefined ? null : fillUsage(usage);

const statusPhrases = {
  queued: 'queued',
  in_progress: 'in progress',
  cancelling: 'being cancelled',
} as const;

export const interruptedError = (status: keyof typeof statusPhrases) => ({
  code: 'server_error' as const,
  message: `The run was ${statusPhrases[status]} when it was exported and cannot be continued.`,
});

function toSettings(object: RunObject): RunSettings {
  const { type = 'auto', last_messages = null } = object.truncation_strategy ?? {};
  return {
    assistant_id: object.assistant_id,
    model: object.model,
    ...(typeof object.requested_model === 'string'
      ? { requested_model: object.requested_model }
      : {}),
    instructions: object.instructions ?? null,
    tools: stripNulls(object.tools ?? []),
    tool_resources: toToolResources(object.tool_resources ?? {}),
    temperature: samplingOrNull(object.temperature),
    top_p: samplingOrNull(object.top_p),
    reasoning_effort: object.reasoning_effort ?? null,
    max_completion_tokens: object.max_completion_tokens ?? null,
    max_prompt_tokens: object.max_prompt_tokens ?? null,
    truncation_strategy: { type, last_messages },
    response_format: stripNulls(object.response_format ?? 'auto'),
    tool_choice: stripNulls(object.tool_choice ?? 'auto'),
    parallel_tool_calls: object.parallel_tool_calls ?? true,
  };
}

/** What an execution differed in from what was asked for; absent: in nothing. */
const toDifferences = ({
  omitted_parameters,
  omitted_tools,
  response_format_mismatch,
}: RunObject): Partial<RunState> => ({
  ...(omitted_parameters && { omitted_parameters }),
  ...(omitted_tools && { omitted_tools }),
  ...(typeof response_format_mismatch === 'string' && { response_format_mismatch }),
});

const toState = (object: RunObject): RunState => ({
  started_at: object.started_at ?? null,
  expires_at: object.expires_at ?? null,
  cancelled_at: object.cancelled_at ?? null,
  failed_at: object.failed_at ?? null,
  completed_at: object.completed_at ?? null,
  required_action: object.required_action ?? null,
  last_error: object.last_error ?? null,
  incomplete_details: stripNulls(object.incomplete_details ?? null),
  usage: toUsage(object.usage),
  ...toDifferences(object),
});

/** A run that was being executed becomes failed; one that requires tool outputs keeps its status. */
function importedStatus(
  object: RunObject,
  { now, lifetime }: ImportClock,
): { status: RunObject['status']; state: RunState } {
  const { status } = object;
  const state = toState(object);
  if (status === 'requires_action') {
    return { status, state: { ...state, expires_at: state.expires_at ?? now + lifetime } };
  }
  if (!isRunning(status)) return { status, state };
  const end = { expires_at: null, failed_at: now, required_action: null };
  return { status: 'failed', state: { ...state, ...end, last_error: interruptedError(status) } };
}

export function runRow(object: RunObject, clock: ImportClock): TableRow {
  const { status, state } = importedStatus(object, clock);
  const { id, created_at, thread_id } = object;
  return {
    table: 'runs',
    row: {
      id,
      created_at,
      thread_id,
      status,
      deadline: state.expires_at ?? created_at,
      lease_token: null,
      lease_until: null,
      metadata: JSON.stringify(object.metadata ?? {}),
      settings: JSON.stringify(toSettings(object)),
      state: JSON.stringify(state),
    },
  };
}

export function stepRow(object: StepObject): TableRow {
  const body: StepBody = {
    assistant_id: object.assistant_id,
    type: object.step_details.type,
    status: object.status,
    cancelled_at: object.cancelled_at ?? null,
    completed_at: object.completed_at ?? null,
    expires_at: object.expires_at ?? null,
    expired_at: object.expired_at ?? null,
    failed_at: object.failed_at ?? null,
    last_error: object.last_error ?? null,
    step_details: object.step_details,
    usage: toUsage(object.usage),
  };
  const { id, created_at, thread_id, run_id } = object;
  return { table: 'steps', row: { id, created_at, thread_id, run_id, body: JSON.stringify(body) } };
}
