import type { TableRow } from '../store/raw-rows.ts';
import { type RunSettings, type RunState, toToolResources, type Usage } from '../store/schema.ts';
import type { StepBody } from '../store/steps.ts';
import type { RunObject } from '../../schema/objects/run.ts';
import type { StepObject } from '../../schema/objects/run-step.ts';
import { samplingOrNull, stripNulls } from './object-rows.ts';

/** When, and how long runs live here; both in seconds, the former since the epoch. */
export interface ImportClock {
  readonly now: number;
  readonly lifetime: number;
}

type GivenUsage = NonNullable<RunObject['usage']> & Partial<Usage>;

/** Usage with the two details that hosted added and that its schema does not know. */
export const fillUsage = (usage: GivenUsage): Usage => ({
  ...usage,
  prompt_token_details: usage.prompt_token_details ?? { cached_tokens: 0 },
  completion_tokens_details: usage.completion_tokens_details ?? { reasoning_tokens: 0 },
});

const toUsage = (usage: GivenUsage | null | undefined): Usage | null =>
  usage === null || usage === undefined ? null : fillUsage(usage);

const states = {
  queued: 'queued',
  in_progress: 'in progress',
  cancelling: 'being cancelled',
} as const;

export const interruptedError = (status: keyof typeof states) => ({
  code: 'server_error' as const,
  message: `The run was ${states[status]} when it was exported and cannot be continued.`,
});

function toSettings(it: RunObject): RunSettings {
  const { type = 'auto', last_messages = null } = it.truncation_strategy ?? {};
  return {
    assistant_id: it.assistant_id,
    model: it.model,
    ...(typeof it.requested_model === 'string' ? { requested_model: it.requested_model } : {}),
    instructions: it.instructions ?? null,
    tools: stripNulls(it.tools ?? []),
    tool_resources: toToolResources(it.tool_resources ?? {}),
    temperature: samplingOrNull(it.temperature),
    top_p: samplingOrNull(it.top_p),
    reasoning_effort: it.reasoning_effort ?? null,
    max_completion_tokens: it.max_completion_tokens ?? null,
    max_prompt_tokens: it.max_prompt_tokens ?? null,
    truncation_strategy: { type, last_messages },
    response_format: stripNulls(it.response_format ?? 'auto'),
    tool_choice: stripNulls(it.tool_choice ?? 'auto'),
    parallel_tool_calls: it.parallel_tool_calls ?? true,
  };
}

const toState = (it: RunObject): RunState => ({
  started_at: it.started_at ?? null,
  expires_at: it.expires_at ?? null,
  cancelled_at: it.cancelled_at ?? null,
  failed_at: it.failed_at ?? null,
  completed_at: it.completed_at ?? null,
  required_action: it.required_action ?? null,
  last_error: it.last_error ?? null,
  incomplete_details: stripNulls(it.incomplete_details ?? null),
  usage: toUsage(it.usage),
});

/** A run nobody executes any more has failed; one that waits for outputs goes on waiting. */
function importedStatus(
  it: RunObject,
  { now, lifetime }: ImportClock,
): { status: RunObject['status']; state: RunState } {
  const { status } = it;
  const state = toState(it);
  if (status === 'requires_action') {
    return { status, state: { ...state, expires_at: state.expires_at ?? now + lifetime } };
  }
  if (status !== 'queued' && status !== 'in_progress' && status !== 'cancelling') {
    return { status, state };
  }
  const end = { expires_at: null, failed_at: now, required_action: null };
  return { status: 'failed', state: { ...state, ...end, last_error: interruptedError(status) } };
}

export function runRow(it: RunObject, terms: ImportClock): TableRow {
  const { status, state } = importedStatus(it, terms);
  const { id, created_at, thread_id } = it;
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
      metadata: JSON.stringify(it.metadata ?? {}),
      settings: JSON.stringify(toSettings(it)),
      state: JSON.stringify(state),
    },
  };
}

export function stepRow(it: StepObject): TableRow {
  const body: StepBody = {
    assistant_id: it.assistant_id,
    type: it.step_details.type,
    status: it.status,
    cancelled_at: it.cancelled_at ?? null,
    completed_at: it.completed_at ?? null,
    expires_at: it.expires_at ?? null,
    expired_at: it.expired_at ?? null,
    failed_at: it.failed_at ?? null,
    last_error: it.last_error ?? null,
    step_details: it.step_details,
    usage: toUsage(it.usage),
  };
  const { id, created_at, thread_id, run_id } = it;
  return { table: 'steps', row: { id, created_at, thread_id, run_id, body: JSON.stringify(body) } };
}
