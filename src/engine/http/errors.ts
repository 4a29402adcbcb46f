import type OpenAI from 'openai';
import { ApiError } from '../../shared/errors.ts';
import { malformedId, type ValidationError } from '../../schema/validation-error.ts';

type RunStatus = OpenAI.Beta.Threads.RunStatus;

/** The kinds of object that are looked up by id: their name, path parameter and id prefix. */
export const kinds = {
  assistant: { noun: 'assistant', param: 'assistant_id', prefix: 'asst' },
  thread: { noun: 'thread', param: 'thread_id', prefix: 'thread' },
  message: { noun: 'message', param: 'message_id', prefix: 'msg' },
  run: { noun: 'run', param: 'run_id', prefix: 'run' },
  step: { noun: 'run step', param: 'step_id', prefix: 'step' },
} as const;

export type Kind = keyof typeof kinds;

interface ErrorDetails {
  readonly param?: string | null;
  readonly code?: string | null;
}

/** Without it the SDKs would send the request again. */
export const noRetry = { 'x-should-retry': 'false' };

const badRequest = (message: string, details: ErrorDetails = {}): ApiError =>
  new ApiError(400, message, details);

const invalid = ({ message, ...details }: ValidationError): ApiError =>
  badRequest(message, details);

const pythonList = (values: readonly string[]): string =>
  `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** What an endpoint answered; `status` null: nothing. */
interface EndpointFailure extends ErrorDetails {
  readonly message: string;
  readonly status: number | null;
}

/** Statuses by which it says that the request is at fault; others are the server's own affair. */
const callerStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);

/**
 * The catalogue of contract §2.2, by row. Rows 12 to 26 are worded in `schema/issue.ts`, where
 * values are checked; rows 1, 2, 36 and 37 belong to a server that asks for headers and keys.
 */
export const errors = {
  /** Rows 3 to 7. */
  notFound: (kind: Kind, id: string) =>
    new ApiError(404, `No ${kinds[kind].noun} found with id '${id}'.`),
  /** Row 8, by analogy. */
  messageFileNotFound: (file_id: string, message_id: string) =>
    new ApiError(404, `No file found with id '${file_id}' in message '${message_id}'.`),
  /** In the words of the API's files. */
  fileNotFound: (file_id: string) =>
    new ApiError(404, `No such File object: ${file_id}`, { param: 'id' }),
  /** Rows 9 to 11. */
  malformedId: (kind: Kind, id: string) =>
    invalid(malformedId(kinds[kind].param, id, kinds[kind].prefix)),
  /** Rows 12 to 26. */
  invalid,
  /** Row 22, for files that requests have brought one after the other. */
  tooManyFiles: (name: string, most: number, count: number) =>
    badRequest(
      `Invalid '${name}': array too long. Expected an array with maximum length ${most}, but got an array with length ${count} instead.`,
      { param: name, code: 'array_above_max_length' },
    ),
  /** The general API's wording, where two fields exclude each other (contract §3.4). */
  mutuallyExclusiveStores: (param: string) =>
    badRequest(
      `Mutually exclusive parameters: '${param}'. Ensure you are only providing one of: 'vector_stores' or 'vector_store_ids'.`,
      { param, code: 'mutually_exclusive_parameters' },
    ),
  /** Row 28. */
  threadHasActiveRunForMessage: (thread_id: string, run_id: string) =>
    badRequest(`Can't add messages to ${thread_id} while a run ${run_id} is active.`),
  /** Row 29. */
  threadHasActiveRun: (thread_id: string, run_id: string) =>
    badRequest(`Thread ${thread_id} already has an active run ${run_id}.`),
  /** Row 30. */
  emptyThread: () =>
    badRequest(
      'Run creation requires a Thread with a user message or an assistant with instructions.',
      { code: 'invalid_thread' },
    ),
  /** Row 31. */
  cannotCancel: (status: RunStatus) => badRequest(`Cannot cancel run with status '${status}'.`),
  /** Row 32. */
  cannotUpdate: (status: RunStatus) => badRequest(`Cannot update run with status '${status}'.`),
  /** Row 33. */
  runNotWaitingForOutputs: (status: RunStatus) =>
    badRequest(`Runs in status "${status}" do not accept tool outputs.`),
  /** Row 34: a list as Python writes it, and no full stop. */
  wrongOutputs: (wanted: readonly string[], got: readonly string[]) =>
    badRequest(`Expected tool outputs for call_ids ${pythonList(wanted)}, got ${pythonList(got)}`),
  /** Row 35. */
  outputsTooLarge: () =>
    badRequest("'tool_outputs' too large: the combined tool outputs must be less than 512kb.", {
      param: 'tool_outputs',
      code: 'invalid_value',
    }),
  /** Row 38. */
  internal: () =>
    new ApiError(500, 'The server had an error processing your request. Sorry about that!'),
  /** Row 38, where the reason is one that whoever runs the server can do something about. */
  databaseUnavailable: (reason: string) =>
    new ApiError(500, `The server cannot use its database: ${reason}.`),
  /** Row 39. */
  invalidJson: () =>
    badRequest(
      'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid JSON.)',
    ),
  jsonTooDeep: (levels: number) =>
    badRequest(
      `We could not parse the JSON body of your request. It is nested more than ${levels} levels deep.`,
    ),
  /** Row 40. */
  unknownUrl: (method: string, path: string) =>
    new ApiError(404, `Invalid URL (${method} ${path})`),

  /** Requests for the model endpoint that cannot be sent there. */
  unsupportedEndpoint: (method: string, path: string, reason: string) =>
    new ApiError(501, `${method} ${path} is not supported here: ${reason}`, {
      code: 'unsupported_endpoint',
      headers: noRetry,
    }),
  unreachable: (reason: string) =>
    new ApiError(502, `The model endpoint could not be reached: ${reason}.`),

  /** Below: what this engine cannot do, which upstream could. */
  modelNotConfigured: (reason: string) =>
    badRequest(reason, { param: 'model', code: 'model_not_configured' }),
  unsupportedTool: (reason: string) =>
    badRequest(reason, { param: 'tools', code: 'unsupported_tool' }),
  fileOnlyHere: (file_id: string) =>
    badRequest(
      `File '${file_id}' is kept here alone, where the model endpoint's tools cannot read it: download it and upload it to have it read.`,
      { param: 'tool_resources', code: 'unsupported_file' },
    ),
  vectorStoresUnsupported: (path: string) =>
    badRequest(`'${path}' is not supported here: there are no vector stores, so leave it out.`, {
      param: path,
      code: 'unsupported_parameter',
    }),
  /** What the model endpoint has against its files, in its own words. */
  endpointFiles: ({ status, message, ...details }: EndpointFailure) => {
    if (status === 404) return new ApiError(404, message, details);
    if (status !== null && callerStatuses.has(status)) return badRequest(message, details);
    return new ApiError(500, `The model endpoint's files cannot be used: ${message}`);
  },
} as const;
