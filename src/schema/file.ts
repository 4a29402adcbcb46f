import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, listQuery } from './common.ts';

/** What clients may upload files for; `responses` is not among the SDK's types. */
export const uploadPurposes = [
  'fine-tune',
  'assistants',
  'batch',
  'user_data',
  'responses',
  'vision',
  'evals',
] as const;

/** Purposes of files that the service itself made. */
const outputPurposes = ['assistants_output', 'batch_output', 'fine-tune-results'] as const;

/** Any purpose that a file can have. */
export const filePurposes = [...uploadPurposes, ...outputPurposes] as const;

/** When a file expires: after an hour to 30 days. */
export const fileExpiresAfter = z.strictObject({
  anchor: z.enum(['created_at']),
  seconds: integer(3600, 2_592_000),
}) satisfies z.ZodType<OpenAI.FileCreateParams.ExpiresAfter>;

/** The fields of `POST /files` besides the file. */
export const createFileFields = z.strictObject({
  purpose: z.enum(uploadPurposes),
  expires_after: fileExpiresAfter.exactOptional(),
});

/** Without a limit, a list has this many files. */
export const maxListedFiles = 10_000;

/** Query of `GET /files`. */
export const listFilesQuery = z.object({
  ...listQuery,
  limit: integer(1, maxListedFiles).exactOptional(),
  purpose: z.enum(filePurposes).exactOptional(),
});

/** Seconds after which files for batches expire where the client does not say otherwise. */
const batchFileLifetime = 30 * 24 * 60 * 60;

/** Seconds until a new file expires; null: never. */
export const fileLifetime = (
  purpose: string,
  expiresAfter?: z.infer<typeof fileExpiresAfter>,
): number | null => expiresAfter?.seconds ?? (purpose === 'batch' ? batchFileLifetime : null);
