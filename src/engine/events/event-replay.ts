import type OpenAI from 'openai';
import { runMessages, toMessage } from '../store/messages.ts';
import { runState, toRun } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { runSteps, toStep } from '../store/steps.ts';
import { contentDeltas, toolStepDeltas } from './delta-events.ts';
import type { StreamEvent } from './event-bus.ts';

type Run = OpenAI.Beta.Threads.Run;
type Message = OpenAI.Beta.Threads.Message;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/*
 * Events exist only in the process that executes a run, but any process may stream it. So the others
 * rebuild the events from the stored run, steps and messages.
 */
const initialMessage = (message: Message): Message => ({
  ...message,
  status: 'in_progress',
  incomplete_details: null,
  completed_at: null,
  incomplete_at: null,
  content: [],
});

const initialStep = (step: Step, run: RunRow) => ({
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

const initialRun = (run: RunRow): Run => ({
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

function messageEvents(message: Message): StreamEvent[] {
  const { id, status, content } = message;
  const initial = initialMessage(message);
  return [
    { event: 'thread.message.created', data: initial },
    { event: 'thread.message.in_progress', data: initial },
    ...(status === 'in_progress'
      ? []
      : [
          ...contentDeltas(id, content),
          { event: `thread.message.${status}` as const, data: message },
        ]),
  ];
}

/** The events of a step's calls, or of its message unless that was deleted. */
function detailEvents(
  { id, step_details: details }: Step,
  messages: ReadonlyMap<string, Message>,
): StreamEvent[] {
  if (details.type === 'message_creation') {
    const message = messages.get(details.message_creation.message_id);
    return message === undefined ? [] : messageEvents(message);
  }
  return toolStepDeltas(id, details.tool_calls);
}

function stepEvents(
  step: Step,
  run: RunRow,
  messages: ReadonlyMap<string, Message>,
): StreamEvent[] {
  const initial = initialStep(step, run);
  const { status, step_details: details } = step;
  const data =
    details.type === 'tool_calls'
      ? { ...initial, step_details: { ...details, tool_calls: [] } }
      : initial;
  return [
    { event: 'thread.run.step.created', data },
    { event: 'thread.run.step.in_progress', data },
    ...detailEvents(step, messages),
    ...(status === 'in_progress'
      ? []
      : [{ event: `thread.run.step.${status}` as const, data: step }]),
  ];
}

/** The events of a run's steps up to their stored state, oldest first. */
export async function replaySteps(db: Database, run: RunRow): Promise<StreamEvent[]> {
  const rows = await runMessages(db, run.id);
  const messages = new Map(rows.map((row) => [row.id, toMessage(row)]));
  const steps = await runSteps(db, run.id);
  return steps.map(toStep).flatMap((step) => stepEvents(step, run, messages));
}

/** The events of a run up to its stored state, without those of its creation. */
export async function replayRun(db: Database, run: RunRow): Promise<StreamEvent[]> {
  const steps = await replaySteps(db, run);
  const hasStarted = run.status !== 'queued' && runState(run).started_at !== null;
  const started: StreamEvent = { event: 'thread.run.in_progress', data: initialRun(run) };
  const current: StreamEvent = { event: `thread.run.${run.status}`, data: toRun(run) };
  return [
    ...(hasStarted ? [started] : []),
    ...steps,
    ...(run.status === 'in_progress' ? [] : [current]),
  ];
}
