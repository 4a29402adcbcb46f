import { STDIO_DEFAULT_MAX_BUFFER_SIZE } from '@modelcontextprotocol/server';
import {
  type JsonProblem,
  maxJsonBytes,
  maxJsonDepth,
  maxJsonValues,
} from '../shared/json-reader.ts';

/** The largest message, by stdio and by HTTP: the limit of the SDKs for stdio. */
export const maxMessageBytes = STDIO_DEFAULT_MAX_BUFFER_SIZE;

const sentences: Readonly<Record<JsonProblem, string>> = {
  invalid: 'The message is not valid JSON.',
  'not UTF-8': 'The message is not valid UTF-8.',
  'too deep': `The message is nested more than ${maxJsonDepth} levels deep.`,
  'too large': `The message has more than ${maxJsonBytes / 2 ** 20} MiB of JSON besides its long texts. Split it into several calls.`,
  'too many values': `The message has more than ${maxJsonValues} values. Split it into several calls.`,
};

/** Why a message cannot be read and what to do. */
export const jsonProblemSentence = (problem: JsonProblem): string => sentences[problem];
