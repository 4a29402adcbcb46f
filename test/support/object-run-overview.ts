import * as z from 'zod';
import { seconds } from './object-common.ts';
import { runFields } from './object-run.ts';

/** A run in the list of all runs. */
export const runOverview = runFields
  .pick({
    id: true,
    created_at: true,
    assistant_id: true,
    thread_id: true,
    status: true,
    started_at: true,
    expires_at: true,
    cancelled_at: true,
    failed_at: true,
    completed_at: true,
    required_action: true,
    last_error: true,
    model: true,
    incomplete_details: true,
    usage: true,
  })
  .extend({ object: z.literal('thread.run.overview') });

const counts = z.record(z.string(), z.int().min(1));

export const runStatistics = z.strictObject({
  object: z.literal('run.statistics'),
  created_after: seconds,
  created_before: seconds,
  interval: z.int().min(60),
  is_complete: z.boolean(),
  data: z.array(
    z.strictObject({
      start: seconds,
      runs: z.int().min(1),
      runs_by_status: counts,
      tokens_by_model: counts,
      p50_seconds: z.int().min(0).nullable(),
      p95_seconds: z.int().min(0).nullable(),
    }),
  ),
});
