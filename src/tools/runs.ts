import * as z from 'zod';
import { include, listQuery, runId, threadId } from '../schema/common.ts';
import { modifyMetadata } from '../schema/message.ts';
import { createRun, createThreadAndRun, submitToolOutputs } from '../schema/run.ts';
import { readJson } from './sdk-call.ts';
import { readFailure } from './sdk-call.ts';
import { waitedRun, page, runOrStep } from './output-schemas.ts';
import { defineTool } from './tool.ts';
import { waitForRun, waitSeconds } from './wait-for-run.ts';

const path = { thread_id: threadId, run_id: runId };

export const createThreadAndRunTool = defineTool({
  name: 'create_thread_and_run',
  title: 'Create thread and run',
  description:
    'Creates a thread and runs an assistant (asst_…) on it. Waits; returns the run with `reply`, or `next`: what is left to do.',
  toolset: 'runs',
  effect: 'create',
  input: z.strictObject({ ...createThreadAndRun.shape, wait_seconds: waitSeconds(30) }),
  output: waitedRun,
  call: ({ wait_seconds = 30, ...body }, call) =>
    waitForRun(
      call.openai.beta.threads.createAndRun(body, { signal: call.signal }),
      wait_seconds,
      call,
    ),
});

export const createRunTool = defineTool({
  name: 'create_run',
  title: 'Create run',
  description:
    'Runs an assistant (asst_…) on a thread (thread_…), one run at a time; additional_messages first adds what the user says. Waits; returns the run with `reply`, or `next`: what is left to do.',
  toolset: 'runs',
  effect: 'create',
  input: z.strictObject({
    thread_id: threadId,
    ...createRun.shape,
    include,
    wait_seconds: waitSeconds(30),
  }),
  output: waitedRun,
  call: ({ thread_id, wait_seconds = 30, ...params }, call) =>
    waitForRun(
      call.openai.beta.threads.runs.create(thread_id, params, { signal: call.signal }),
      wait_seconds,
      call,
    ),
});

export const listRunsTool = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description: 'Lists the runs of a thread (thread_…).',
  toolset: 'runs',
  effect: 'read',
  input: z.strictObject({ thread_id: threadId, ...listQuery }),
  output: page,
  call: ({ thread_id, ...query }, { openai, signal }) =>
    openai.beta.threads.runs.list(thread_id, query, { signal }),
});

export const getRunTool = defineTool({
  name: 'get_run',
  title: 'Get run',
  description:
    'Reads a run (run_…), with `reply` once completed; wait_seconds waits for one still going.',
  toolset: 'runs',
  effect: 'read',
  input: z.strictObject({ ...path, wait_seconds: waitSeconds(0) }),
  output: waitedRun,
  call: ({ thread_id, run_id, wait_seconds = 0 }, call) =>
    waitForRun(
      call.openai.beta.threads.runs.retrieve(run_id, { thread_id }, { signal: call.signal }),
      wait_seconds,
      call,
    ),
});

export const modifyRunTool = defineTool({
  name: 'modify_run',
  title: 'Modify run',
  description: 'Replaces the metadata of a run (run_…) that is not at work.',
  toolset: 'runs',
  effect: 'modify',
  input: z.strictObject({ ...path, ...modifyMetadata.shape }),
  output: runOrStep,
  call: ({ run_id, ...params }, { openai, signal }) =>
    openai.beta.threads.runs.update(run_id, params, { signal }),
});

const alreadyCancelled = /^Cannot cancel run with status '(?:cancelling|cancelled)'/u;

export const cancelRunTool = defineTool({
  name: 'cancel_run',
  title: 'Cancel run',
  description:
    'Stops a run (run_…), which frees its thread. It may still complete: get_run tells. Twice does no harm.',
  toolset: 'runs',
  effect: 'create',
  input: z.strictObject(path),
  output: runOrStep,
  call: async ({ thread_id, run_id }, { openai, signal }) => {
    const { runs } = openai.beta.threads;
    try {
      return (await readJson(runs.cancel(run_id, { thread_id }, { signal }))).body;
    } catch (error) {
      if (!alreadyCancelled.test(readFailure(error).message)) throw error;
      return (await readJson(runs.retrieve(run_id, { thread_id }, { signal }))).body;
    }
  },
});

export const submitToolOutputsTool = defineTool({
  name: 'submit_tool_outputs',
  title: 'Submit tool outputs',
  description:
    'Gives a run in requires_action the outputs of all its function calls (call_…) at once. Waits; returns the run with `reply`, or `next`: what is left to do.',
  toolset: 'runs',
  effect: 'create',
  input: z.strictObject({ ...path, ...submitToolOutputs.shape, wait_seconds: waitSeconds(30) }),
  output: waitedRun,
  call: ({ run_id, wait_seconds = 30, ...params }, call) =>
    waitForRun(
      call.openai.beta.threads.runs.submitToolOutputs(run_id, params, { signal: call.signal }),
      wait_seconds,
      call,
    ),
});
