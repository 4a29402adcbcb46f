import type OpenAI from 'openai';
import { ApiError } from '../../shared/errors.ts';
import { malformedId, type ValidationError } from '../../schema/validation-error.ts';

type RunStatus = OpenAI.Beta.Threads.RunStatus;

/** Objects found by id: name in messages, path parameter and id prefix. */
export const objectKinds = {
  assistant: { noun: 'assistant', param: 'assistant_id', prefix: 'asst' },
  thread: { noun: 'thread', param: 'thread_id', prefix: 'thread' },
  message: { noun: 'message', param: 'message_id', prefix: 'msg' },
  run: { noun: 'run', param: 'run_id', prefix: 'run' },
  step: { noun: 'run step', param: 'step_id', prefix: 'step' },
  'vector store': { noun: 'vector store', param: 'vector_store_id', prefix: 'vs' },
  'file batch': { noun: 'file batch', param: 'batch_id', prefix: 'vsfb' },
  file: { noun: 'file', param: 'file_id', prefix: 'file' },
} as const;

export type ObjectKind = keyof typeof objectKinds;

interface ErrorDetails {
  readonly param?: string | null;
  readonly code?: string | null;
}

/** Stops the SDKs from retrying. */
export const noRetryHeaders = { 'x-should-retry': 'false' };

/** A run locks the thread. */
export class ActiveRunError extends ApiError {
  constructor(message: string) {
    super(400, message);
  }
}

const badRequest = (message: string, details: ErrorDetails = {}): ApiError =>
  new ApiError(400, message, details);

const invalid = ({ message, ...details }: ValidationError): ApiError =>
  badRequest(message, details);

const pythonList = (values: readonly string[]): string =>
  `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** An error of the model endpoint; `status` is null where it sent no response. */
interface EndpointFailure extends ErrorDetails {
  readonly message: string;
  readonly status: number | null;
}

/** The endpoint's statuses that are passed on as 400; others become 500. */
const badRequestStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);

/**
 * The catalogue of contract §2.2, by row. Rows 12 to 26 are in `schema/validation-error.ts`, rows 36
 * and 37 in `server/errors.ts`; this engine does not require the header of rows 1 and 2.
 */
export const errors = {
  /** Rows 3 to 7. */
  notFound: (kind: ObjectKind, id: string) =>
    new ApiError(404, `No ${objectKinds[kind].noun} found with id '${id}'.`),
  /** Row 8, by analogy. */
  messageFileNotFound: (file_id: string, message_id: string) =>
    new ApiError(404, `No file found with id '${file_id}' in message '${message_id}'.`),
  assistantFileNotFound: (file_id: string, assistant_id: string) =>
    new ApiError(404, `No file found with id '${file_id}' in assistant '${assistant_id}'.`),
  /** Row 8. */
  storeFileNotFound: (file_id: string, vector_store_id: string) =>
    new ApiError(404, `No file found with id '${file_id}' in vector store '${vector_store_id}'.`),
  /** A file that a request wants to add to a vector store. */
  storeFileMissing: (file_id: string, param: string) =>
    new ApiError(404, `No file found with id '${file_id}'.`, { param }),
  vectorStoreExpired: (id: string) =>
    badRequest(`Vector store ${id} is expired.`, { code: 'vector_store_expired' }),
  /** Row 31, by analogy. */
  cannotCancelBatch: (status: string) =>
    badRequest(`Cannot cancel file batch with status '${status}'.`),
  /** The wording of the files API. */
  fileNotFound: (file_id: string) =>
    new ApiError(404, `No such File object: ${file_id}`, { param: 'id' }),
  /** Rows 9 to 11. */
  malformedId: (kind: ObjectKind, id: string) =>
    invalid(malformedId(objectKinds[kind].param, id, objectKinds[kind].prefix)),
  /** Rows 12 to 26. */
  invalid,
  /** Row 12, for one of several fields. */
  missingParameter: (name: string) =>
    badRequest(`Missing required parameter: '${name}'.`, {
      param: name,
      code: 'missing_required_parameter',
    }),
  /** Row 22, for files that several requests added to one thread. */
  tooManyFiles: (name: string, maxLength: number, length: number) =>
    badRequest(
      `Invalid '${name}': array too long. Expected an array with maximum length ${maxLength}, but got an array with length ${length} instead.`,
      { param: name, code: 'array_above_max_length' },
    ),
  /** The wording of the general API for fields that exclude each other (contract §3.4). */
  mutuallyExclusive: (param: string, [one, other]: readonly [string, string]) =>
    badRequest(
      `Mutually exclusive parameters: '${param}'. Ensure you are only providing one of: '${one}' or '${other}'.`,
      { param, code: 'mutually_exclusive_parameters' },
    ),
  /** Row 28. */
  threadHasActiveRunForMessage: (thread_id: string, run_id: string) =>
    new ActiveRunError(`Can't add messages to ${thread_id} while a run ${run_id} is active.`),
  /** Row 29. */
  threadHasActiveRun: (thread_id: string, run_id: string) =>
    new ActiveRunError(`Thread ${thread_id} already has an active run ${run_id}.`),
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
  /** Row 34: a Python list and no full stop. */
  wrongOutputs: (expected: readonly string[], got: readonly string[]) =>
    badRequest(
      `Expected tool outputs for call_ids ${pythonList(expected)}, got ${pythonList(got)}`,
    ),
  /** Row 35. */
  outputsTooLarge: () =>
    badRequest("'tool_outputs' too large: the combined tool outputs must be less than 512kb.", {
      param: 'tool_outputs',
      code: 'invalid_value',
    }),
  /** Row 38. */
  internal: () =>
    new ApiError(500, 'The server had an error processing your request. Sorry about that!'),
  /** Row 38, with a reason that the operator can act on. */
  databaseUnavailable: (reason: string) =>
    new ApiError(500, `The server cannot use its database: ${reason}.`),
  /** For requests that wait, and have changed nothing; the SDKs send them again. */
  shuttingDown: () =>
    new ApiError(503, 'The server is shutting down. Nothing was changed; send the request again.'),
  /** Only for the log and the metrics: nobody receives it. The status is the one that nginx uses. */
  clientDisconnected: () => new ApiError(499, 'The client closed the request.'),
  /** Row 39. */
  invalidJson: () =>
    badRequest(
      'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid JSON.)',
    ),
  jsonTooDeep: (levels: number) =>
    badRequest(
      `We could not parse the JSON body of your request. It is nested more than ${levels} levels deep.`,
    ),
  jsonTooLarge: (bytes: number) =>
    badRequest(
      `We could not parse the JSON body of your request. It has more than ${bytes / 2 ** 20} MiB besides its long texts. Split it into several requests.`,
    ),
  jsonTooManyValues: (values: number) =>
    badRequest(
      `We could not parse the JSON body of your request. It has more than ${values} values. Split it into several requests.`,
    ),
  /** Row 40. */
  unknownUrl: (method: string, path: string) =>
    new ApiError(404, `Invalid URL (${method} ${path})`),

  /** The header `Idempotency-Key`, which the hosted API ignored. */
  invalidIdempotencyKey: (maxLength: number) =>
    badRequest(`The header Idempotency-Key must have between 1 and ${maxLength} characters.`, {
      code: 'invalid_idempotency_key',
    }),
  idempotencyKeyReused: () =>
    new ApiError(
      409,
      'The Idempotency-Key of this request was used for a request with another body. Send a new key with each new request.',
      { code: 'idempotency_key_reused', headers: noRetryHeaders },
    ),

  /** Requests that cannot be forwarded to the model endpoint. */
  unsupportedEndpoint: (method: string, path: string, reason: string) =>
    new ApiError(501, `${method} ${path} is not supported here: ${reason}`, {
      code: 'unsupported_endpoint',
      headers: noRetryHeaders,
    }),
  unknownFileKeeper: (reason: string) =>
    new ApiError(
      502,
      `It is not known whether the model endpoint keeps files, because it failed: ${reason}. Try again, or set --files to endpoint or local.`,
    ),
  unreachable: (reason: string) =>
    new ApiError(502, `The model endpoint could not be reached: ${reason}.`),

  /** From here on: what the hosted API could do and this engine cannot. */
  modelNotConfigured: (reason: string) =>
    badRequest(reason, { param: 'model', code: 'model_not_configured' }),
  unsupportedTool: (reason: string) =>
    badRequest(reason, { param: 'tools', code: 'unsupported_tool' }),
  fileOnlyHere: (file_id: string) =>
    badRequest(
      `File '${file_id}' exists only on this server. Download it and upload it to the model endpoint before using it with tools.`,
      { param: 'tool_resources', code: 'unsupported_file' },
    ),
  vectorStoresUnsupported: (path: string) =>
    badRequest(`'${path}' is not supported because no vector stores are available. Leave it out.`, {
      param: path,
      code: 'unsupported_parameter',
    }),
  /** An error of the model endpoint's files and vector stores, in its own words. */
  endpointFiles: ({ status, message, ...details }: EndpointFailure) => {
    if (status === 404) return new ApiError(404, message, details);
    if (status !== null && badRequestStatuses.has(status)) return badRequest(message, details);
    return new ApiError(500, `The request to the model endpoint failed: ${message}`);
  },
} as const;
