import type OpenAI from 'openai';
import { isPathId } from '../schema/common.ts';
import { isActive, isRunning } from '../shared/run-status.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { decodeComponent } from '../shared/urls.ts';
import { compactRun } from './compact-object.ts';
import { formatRunIds } from './next-step.ts';
import { withReplyOrNext } from './run-reply.ts';
import { readJson } from './sdk-call.ts';
import type { RunTask, ToolContext } from './tool.ts';

type Run = OpenAI.Beta.Threads.Run;

/** What the id of a task says: nothing else about a task is stored. */
export interface TaskKey {
  readonly threadId: string;
  readonly runId: string;
  /** When the call was answered with the task: several calls may continue one run. */
  readonly createdAtMs: number;
  /** Whether the result is the API's complete object. */
  readonly isVerbose: boolean;
}

/** In characters: it is also sent in an HTTP header. */
const maxTaskIdLength = 1000;

/** The latest time of a Date. */
const maxTimeMs = 8.64e15;

const verboseMark = 'verbose';

/** Null if the ids are too long. */
export function formatTaskId({ threadId, runId, createdAtMs, isVerbose }: TaskKey): string | null {
  const ids = [threadId, runId].map((id) => encodeURIComponent(id));
  const parts = [...ids, createdAtMs.toString(36), ...(isVerbose ? [verboseMark] : [])];
  const taskId = parts.join('/');
  return taskId.length > maxTaskIdLength ? null : taskId;
}

/** Null for a text that `formatTaskId` did not make. */
export function parseTaskId(taskId: string): TaskKey | null {
  if (taskId.length > maxTaskIdLength) return null;
  const [thread = '', run = '', time = '', mark] = taskId.split('/');
  const [threadId, runId] = [decodeComponent(thread), decodeComponent(run)];
  if (threadId === null || runId === null || !isPathId(threadId) || !isPathId(runId)) return null;
  const key = {
    threadId,
    runId,
    createdAtMs: Number.parseInt(time, 36),
    isVerbose: mark === verboseMark,
  };
  const isTime = key.createdAtMs >= 0 && key.createdAtMs <= maxTimeMs;
  return isTime && formatTaskId(key) === taskId ? key : null;
}

const pollIntervalBoundsMs = { min: 500, max: 5000 };

/** A tenth of the task's age: young runs end soon. */
const pollIntervalMs = (ageMs: number): number => {
  const { min, max } = pollIntervalBoundsMs;
  return Math.round(Math.min(Math.max(ageMs / 10, min), max));
};

function lastChangeMs(run: Run, createdAtMs: number): number {
  const { started_at, completed_at, failed_at, cancelled_at } = run;
  const changes = [started_at, completed_at, failed_at, cancelled_at]
    .filter((seconds) => typeof seconds === 'number')
    .map((seconds) => seconds * 1000);
  return Math.max(createdAtMs, ...changes);
}

/** Hosts show it to models, and another server's status may be any text. */
const statusWord = (status: string): string =>
  /^[a-z_]{1,40}$/u.test(status) ? status : 'unknown';

function taskStatus(status: string): RunTask['status'] {
  if (isRunning(status)) return 'working';
  return status === 'cancelled' ? 'cancelled' : 'completed';
}

function toTask(taskId: string, key: TaskKey, run: Run, nowMs: number): RunTask {
  const { createdAtMs, threadId, runId } = key;
  return {
    taskId,
    status: taskStatus(run.status),
    statusMessage: `The run with ${formatRunIds(threadId, runId)} is ${statusWord(run.status)}.`,
    createdAt: new Date(createdAtMs).toISOString(),
    lastUpdatedAt: new Date(lastChangeMs(run, createdAtMs)).toISOString(),
    ttlMs: null,
    pollIntervalMs: pollIntervalMs(nowMs - createdAtMs),
  };
}

/** The task of a call that is answered while its run goes on; null if the ids are too long for one. */
export function createTask(run: Run, isVerbose: boolean, nowMs: number): RunTask | null {
  const key = { threadId: run.thread_id, runId: run.id, createdAtMs: nowMs, isVerbose };
  const taskId = formatTaskId(key);
  return taskId === null ? null : toTask(taskId, key, run, nowMs);
}

type TaskContext = Pick<ToolContext, 'openai' | 'clock' | 'toolName' | 'signal'>;

const retrieve = async ({ threadId, runId }: TaskKey, { openai, signal }: TaskContext) =>
  (await readJson(openai.beta.threads.runs.retrieve(runId, { thread_id: threadId }, { signal })))
    .body;

/** The task as it is, and the object that the call would have returned; null unless it is completed. */
export async function readTask(
  taskId: string,
  key: TaskKey,
  context: TaskContext,
): Promise<{ readonly task: RunTask; readonly result: object | null }> {
  const run = await retrieve(key, context);
  const task = toTask(taskId, key, run, context.clock.now());
  if (task.status !== 'completed') return { task, result: null };
  const result = await withReplyOrNext(run, context);
  return { task, result: key.isVerbose ? result : compactRun({ ...result }) };
}

/** Cancels the run; does nothing if it has ended or is being cancelled. */
export async function cancelTask(key: TaskKey, context: TaskContext): Promise<void> {
  const { openai, signal } = context;
  const { threadId, runId } = key;
  try {
    await readJson(openai.beta.threads.runs.cancel(runId, { thread_id: threadId }, { signal }));
  } catch (error) {
    // Servers word differently that a run cannot be cancelled any more.
    if (readFailure(error).status !== 400) throw error;
    const { status } = await retrieve(key, context);
    if (isActive(status) && status !== 'cancelling') throw error;
  }
}

/** The functions for the requests of a client about a task. */
export interface TaskReader {
  readonly parseTaskId: typeof parseTaskId;
  readonly readTask: typeof readTask;
  readonly cancelTask: typeof cancelTask;
}
