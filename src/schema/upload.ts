import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, list, text } from './common.ts';
import { fileExpiresAfter, uploadPurposes } from './file.ts';

/** Names go into headers. */
const maxNameLength = 1024;

/** Body of `POST /uploads`. */
export const createUpload = z.strictObject({
  filename: text(maxNameLength).min(1),
  purpose: z.enum(uploadPurposes),
  bytes: integer(0),
  mime_type: text(maxNameLength).min(1),
  expires_after: fileExpiresAfter.exactOptional(),
}) satisfies z.ZodType<Omit<OpenAI.UploadCreateParams, 'purpose'>>;

/** Parts of one upload; more than 8 GB of 1 MiB each. */
const maxParts = 10_000;

/** Body of `POST /uploads/{upload_id}/complete`. */
export const completeUpload = z.strictObject({
  part_ids: list(z.string(), maxParts),
  md5: z.string().exactOptional(),
}) satisfies z.ZodType<OpenAI.UploadCompleteParams>;
