import type OpenAI from 'openai';
import type { Run, Step } from './thread-state.ts';
import { endOf, isActive } from './overview.ts';

type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;

/** One bar of a run's timeline; times are Unix seconds. */
export interface Phase {
  readonly kind: 'queued' | 'model' | 'wait' | 'tool';
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly step: Step | null;
  readonly calls: readonly ToolCall[];
}

const stepEnd = ({ completed_at, failed_at, cancelled_at, expired_at }: Step): number | null =>
  completed_at ?? failed_at ?? cancelled_at ?? expired_at;

const callName = (call: ToolCall): string =>
  call.type === 'function' ? call.function.name : call.type;

function stepPhase(step: Step, now: number): Phase {
  const { step_details: details } = step;
  const end = Math.max(step.created_at, stepEnd(step) ?? now);
  const common = { start: step.created_at, end, step };
  if (details.type === 'message_creation') {
    return { ...common, kind: 'model', label: 'writes a message', calls: [] };
  }
  const calls = details.tool_calls;
  const isFunction = calls.some(({ type }) => type === 'function');
  const label = calls.map(callName).join(', ');
  return { ...common, kind: isFunction ? 'wait' : 'tool', label, calls };
}

/** What a run did, in order: it waited in the queue, the model worked, tools ran or were waited for. */
export function phasesOf(run: Run, steps: readonly Step[], now: number): Phase[] {
  const phases: Phase[] = [];
  const started = run.started_at ?? (isActive(run) ? now : (endOf(run) ?? run.created_at));
  const noStep = { step: null, calls: [] };
  phases.push({ kind: 'queued', label: 'queued', start: run.created_at, end: started, ...noStep });
  let position = started;
  for (const step of steps) {
    const phase = stepPhase(step, now);
    // Before a step of calls, the model worked on them.
    if (phase.start > position || phase.kind !== 'model') {
      const end = Math.max(position, phase.start);
      phases.push({ kind: 'model', label: 'model', start: position, end, ...noStep });
    }
    phases.push(phase);
    position = phase.end;
  }
  const end =
    endOf(run) ?? (run.status === 'requires_action' ? position : isActive(run) ? now : position);
  const isIdle = run.status === 'requires_action' || run.started_at === null;
  if (end > position && !isIdle) {
    phases.push({ kind: 'model', label: 'model', start: position, end, ...noStep });
  }
  return phases;
}
