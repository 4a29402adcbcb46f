import * as z from 'zod';
import { threadId } from '../schema/common.ts';
import { parseArguments } from '../tools/tool.ts';

const input = z.strictObject({ thread_id: threadId });

/** The thread's id. Throws an ApiError if it cannot be part of a URL. */
export const parseThreadId = (args: unknown): string => parseArguments(input, args).thread_id;
