import type OpenAI from 'openai';
import { runMessages, toMessage } from '../store/messages.ts';
import { runState, toRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { runSteps, toStep } from '../store/steps.ts';
import { contentDeltas, toolCallDeltas } from './delta-events.ts';
import type { StreamEvent } from './event-bus.ts';

type Run = OpenAI.Beta.Threads.Run;
type Message = OpenAI.Beta.Threads.Message;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/*
 * A run may be executed by another process than the one that streams it. Its events are told there
 * to nobody, but what they would have shown stands in the database: they are made up from that.
 */

/** An object as it was before it ended. */
const begunMessage = (message: Message): Message => ({
  ...message,
  status: 'in_progress',
  incomplete_details: null,
  completed_at: null,
  incomplete_at: null,
  content: [],
});

const begunStep = (step: Step, run: RunRow) => ({
  ...step,
  status: 'in_progress' as const,
  cancelled_at: null,
  completed_at: null,
  expired_at: null,
  failed_at: null,
  last_error: null,
  usage: null,
  expires_at: run.deadline,
});

const begunRun = (run: RunRow): Run => ({
  ...toRun(run),
  status: 'in_progress',
  expires_at: run.deadline,
  cancelled_at: null,
  completed_at: null,
  failed_at: null,
  required_action: null,
  last_error: null,
  incomplete_details: null,
  usage: null,
});

function emitMessage(message: Message): StreamEvent[] {
  const { id, status, content } = message;
  const begun = begunMessage(message);
  return [
    { event: 'thread.message.created', data: begun },
    { event: 'thread.message.in_progress', data: begun },
    ...(status === 'in_progress'
      ? []
      : [
          ...contentDeltas(id, content),
          { event: `thread.message.${status}` as const, data: message },
        ]),
  ];
}

/** What a step did: its calls, or its message unless that has been deleted. */
function emitDetails(
  { id, step_details: details }: Step,
  messages: ReadonlyMap<string, Message>,
): StreamEvent[] {
  if (details.type === 'message_creation') {
    const message = messages.get(details.message_creation.message_id);
    return message === undefined ? [] : emitMessage(message);
  }
  return toolCallDeltas(id, details.tool_calls);
}

function emitStep(step: Step, run: RunRow, messages: ReadonlyMap<string, Message>): StreamEvent[] {
  const begun = begunStep(step, run);
  const { status, step_details: details } = step;
  const data =
    details.type === 'tool_calls'
      ? { ...begun, step_details: { ...details, tool_calls: [] } }
      : begun;
  return [
    { event: 'thread.run.step.created', data },
    { event: 'thread.run.step.in_progress', data },
    ...emitDetails(step, messages),
    ...(status === 'in_progress'
      ? []
      : [{ event: `thread.run.step.${status}` as const, data: step }]),
  ];
}

/** The events that would have told the steps of a run as they stand, the first first. */
export async function replaySteps(db: Database, run: RunRow): Promise<StreamEvent[]> {
  const rows = await runMessages(db, run.id);
  const messages = new Map(rows.map((row) => [row.id, toMessage(row)]));
  const steps = await runSteps(db, run.id);
  return steps.map(toStep).flatMap((step) => emitStep(step, run, messages));
}

/** The same after the run's own beginning, and where it stands. */
export async function replayRun(db: Database, run: RunRow): Promise<StreamEvent[]> {
  const steps = await replaySteps(db, run);
  const standing: StreamEvent = { event: `thread.run.${run.status}`, data: toRun(run) };
  const hasBegun = run.status !== 'queued' && runState(run).started_at !== null;
  const begun: StreamEvent = { event: 'thread.run.in_progress', data: begunRun(run) };
  return [
    ...(hasBegun ? [begun] : []),
    ...steps,
    ...(run.status === 'in_progress' ? [] : [standing]),
  ];
}
