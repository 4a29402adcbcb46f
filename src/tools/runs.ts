import * as z from 'zod';
import { include, listQuery, runId, threadId } from '../schema/common.ts';
import { modifyMetadata } from '../schema/message.ts';
import { createRun, createThreadAndRun, submitToolOutputs } from '../schema/run.ts';
import { compactRun, compactRunItem } from './compact-object.ts';
import { compactPage } from './compact-result.ts';
import { page, runOrStep, waitedRun } from './output-schemas.ts';
import { addPersonOutputs } from './person-outputs.ts';
import { waitSeconds } from './poll.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { readJson } from './sdk-call.ts';
import { defineTool, repeatableOptions } from './tool.ts';
import { followRun, waitForRun } from './wait-for-run.ts';

const path = { thread_id: threadId, run_id: runId };

// Schemas list first what nearly every call sets.
const { thread, ...newRunFields } = createThreadAndRun.shape;
const { additional_messages, ...runFields } = createRun.shape;

export const createThreadAndRunTool = defineTool({
  name: 'create_thread_and_run',
  title: 'Create thread and run',
  description:
    'Starts a conversation: asks an assistant (asst_…) a question in a new thread and returns its `reply`.',
  toolset: 'runs',
  effect: 'create',
  isUntrusted: true,
  input: z.strictObject({ thread, wait_seconds: waitSeconds(), ...newRunFields }),
  output: waitedRun,
  compact: compactRun,
  call: ({ wait_seconds, ...body }, context) =>
    followRun(
      () => context.openai.beta.threads.createAndRun(body, repeatableOptions(context)),
      wait_seconds,
      context,
    ),
});

export const createRunTool = defineTool({
  name: 'create_run',
  title: 'Create run',
  description:
    'Continues a conversation: asks an assistant (asst_…) the next question in a thread (thread_…) and returns its `reply`. One run at a time.',
  toolset: 'runs',
  effect: 'create',
  isUntrusted: true,
  input: z.strictObject({
    additional_messages,
    wait_seconds: waitSeconds(),
    thread_id: threadId,
    ...runFields,
    include,
  }),
  output: waitedRun,
  compact: compactRun,
  call: ({ thread_id, wait_seconds, ...params }, context) =>
    followRun(
      () => context.openai.beta.threads.runs.create(thread_id, params, repeatableOptions(context)),
      wait_seconds,
      context,
    ),
});

export const listRunsTool = defineTool({
  name: 'list_runs',
  title: 'List runs',
  description: 'Lists the runs of a thread (thread_…) with their status, newest first.',
  toolset: 'runs',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ thread_id: threadId, ...listQuery }),
  output: page,
  compact: compactPage(
    { operation: 'get_run', idParameter: 'run_id', pathParameters: ['thread_id'] },
    compactRunItem,
  ),
  call: ({ thread_id, ...query }, { openai, signal }) =>
    openai.beta.threads.runs.list(thread_id, query, { signal }),
});

export const getRunTool = defineTool({
  name: 'get_run',
  title: 'Get run',
  description:
    'Gets status and `reply` of a run (run_…); wait_seconds waits for one that has not ended.',
  toolset: 'runs',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ ...path, wait_seconds: waitSeconds(0) }),
  output: waitedRun,
  compact: compactRun,
  call: ({ thread_id, run_id, wait_seconds = 0 }, context) =>
    waitForRun(
      () =>
        context.openai.beta.threads.runs.retrieve(
          run_id,
          { thread_id },
          { signal: context.signal },
        ),
      wait_seconds,
      context,
    ),
});

export const modifyRunTool = defineTool({
  name: 'modify_run',
  title: 'Modify run',
  description: 'Replaces the metadata of a run (run_…) that waits for outputs or has ended.',
  toolset: 'runs',
  effect: 'modify',
  isUntrusted: true,
  input: z.strictObject({ ...path, ...modifyMetadata.shape }),
  output: runOrStep,
  compact: compactRun,
  call: ({ run_id, ...params }, { openai, signal }) =>
    openai.beta.threads.runs.update(run_id, params, { signal }),
});

const alreadyCancelled = /^Cannot cancel run with status '(?:cancelling|cancelled)'/u;

export const cancelRunTool = defineTool({
  name: 'cancel_run',
  title: 'Cancel run',
  description:
    'Cancels a run (run_…) and frees its thread. It may still complete: check with get_run. Safe to repeat.',
  toolset: 'runs',
  effect: 'modify',
  isUntrusted: true,
  input: z.strictObject(path),
  output: runOrStep,
  compact: compactRun,
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
    'Continues a run (run_…) in requires_action: submits the outputs of all its function calls (call_…) at once and returns the `reply`.',
  toolset: 'runs',
  effect: 'create',
  isUntrusted: true,
  input: z.strictObject({ ...path, ...submitToolOutputs.shape, wait_seconds: waitSeconds() }),
  output: waitedRun,
  compact: compactRun,
  call: async ({ run_id, thread_id, tool_outputs, wait_seconds, ...params }, context) => {
    const ids = { run_id, thread_id };
    const outputs = await addPersonOutputs(ids, tool_outputs, context);
    const body = { ...params, thread_id, tool_outputs: outputs };
    const { runs } = context.openai.beta.threads;
    const submit = () => runs.submitToolOutputs(run_id, body, repeatableOptions(context));
    return followRun(submit, wait_seconds, context);
  },
});
