import * as z from 'zod';
import { include, runId, stepId, threadId } from '../schema/common.ts';
import { listSteps } from '../schema/run.ts';
import { compactPage } from './compact-result.ts';
import { page, runOrStep } from './output-schemas.ts';
import { defineTool } from './tool.ts';

export const listRunStepsTool = defineTool({
  name: 'list_run_steps',
  title: 'List run steps',
  description:
    'Lists what a run (run_…) did, step by step: messages, tool calls with their outputs, usage.',
  toolset: 'run_steps',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ thread_id: threadId, run_id: runId, ...listSteps.shape }),
  output: page,
  compact: compactPage({
    operation: 'get_run_step',
    idParameter: 'step_id',
    pathParameters: ['thread_id', 'run_id'],
  }),
  call: ({ run_id, ...params }, { openai, signal }) =>
    openai.beta.threads.runs.steps.list(run_id, params, { signal }),
});

export const getRunStepTool = defineTool({
  name: 'get_run_step',
  title: 'Get run step',
  description: 'Gets one step (step_…) of a run in full.',
  toolset: 'run_steps',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ thread_id: threadId, run_id: runId, step_id: stepId, include }),
  output: runOrStep,
  call: ({ step_id, ...params }, { openai, signal }) =>
    openai.beta.threads.runs.steps.retrieve(step_id, params, { signal }),
});
