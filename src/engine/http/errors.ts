import type OpenAI from 'openai';
import { malformedId, type ValidationError } from '../../schema/validation-error.ts';

type RunStatus = OpenAI.Beta.Threads.RunStatus;

/** What an error says beside its sentence. */
interface Facts {
  readonly param?: string | null;
  readonly code?: string | null;
}

/** A refusal in the API's envelope (contract §2.1); its sentence is for the caller. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: 400 | 401 | 404 | 500;
  readonly param: string | null;
  readonly code: string | null;

  constructor(status: ApiError['status'], problem: Facts & { readonly message: string }) {
    super(problem.message);
    this.status = status;
    this.param = problem.param ?? null;
    this.code = problem.code ?? null;
  }

  /** The body of the answer: all four keys, always. */
  toJSON() {
    const type = this.status === 500 ? 'server_error' : 'invalid_request_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

/** The kinds of object that are looked up by id: their name, path parameter and id prefix. */
export const kinds = {
  assistant: { noun: 'assistant', param: 'assistant_id', prefix: 'asst' },
  thread: { noun: 'thread', param: 'thread_id', prefix: 'thread' },
  message: { noun: 'message', param: 'message_id', prefix: 'msg' },
  run: { noun: 'run', param: 'run_id', prefix: 'run' },
  step: { noun: 'run step', param: 'step_id', prefix: 'step' },
} as const;

export type Kind = keyof typeof kinds;

const refuse = (message: string, rest: Facts = {}): ApiError =>
  new ApiError(400, { message, ...rest });

const pythonList = (values: readonly string[]): string =>
  `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** What an endpoint answered; `status` null: nothing. */
interface EndpointFailure extends Facts {
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
  unknown: (kind: Kind, id: string) =>
    new ApiError(404, { message: `No ${kinds[kind].noun} found with id '${id}'.` }),
  /** Row 8, by analogy. */
  unknownFile: (file_id: string, message_id: string) =>
    new ApiError(404, {
      message: `No file found with id '${file_id}' in message '${message_id}'.`,
    }),
  /** In the words of the API's files. */
  noFile: (file_id: string) =>
    new ApiError(404, { message: `No such File object: ${file_id}`, param: 'id' }),
  /** Rows 9 to 11. */
  malformed: (kind: Kind, id: string) =>
    new ApiError(400, malformedId(kinds[kind].param, id, kinds[kind].prefix)),
  /** Rows 12 to 26. */
  invalid: (problem: ValidationError) => new ApiError(400, problem),
  /** Row 22, for files that requests have brought one after the other. */
  tooManyFiles: (name: string, most: number, count: number) =>
    refuse(
      `Invalid '${name}': array too long. Expected an array with maximum length ${most}, but got an array with length ${count} instead.`,
      { param: name, code: 'array_above_max_length' },
    ),
  /** The general API's wording, where two fields exclude each other (contract §3.4). */
  bothStores: (param: string) =>
    refuse(
      `Mutually exclusive parameters: '${param}'. Ensure you are only providing one of: 'vector_stores' or 'vector_store_ids'.`,
      { param, code: 'mutually_exclusive_parameters' },
    ),
  /** Row 28. */
  busyForMessage: (thread_id: string, run_id: string) =>
    refuse(`Can't add messages to ${thread_id} while a run ${run_id} is active.`),
  /** Row 29. */
  busyForRun: (thread_id: string, run_id: string) =>
    refuse(`Thread ${thread_id} already has an active run ${run_id}.`),
  /** Row 30. */
  emptyThread: () =>
    refuse(
      'Run creation requires a Thread with a user message or an assistant with instructions.',
      { code: 'invalid_thread' },
    ),
  /** Row 31. */
  cannotCancel: (status: RunStatus) => refuse(`Cannot cancel run with status '${status}'.`),
  /** Row 32. */
  cannotUpdate: (status: RunStatus) => refuse(`Cannot update run with status '${status}'.`),
  /** Row 33. */
  runNotWaitingForOutputs: (status: RunStatus) =>
    refuse(`Runs in status "${status}" do not accept tool outputs.`),
  /** Row 34: a list as Python writes it, and no full stop. */
  wrongOutputs: (wanted: readonly string[], got: readonly string[]) =>
    refuse(`Expected tool outputs for call_ids ${pythonList(wanted)}, got ${pythonList(got)}`),
  /** Row 35. */
  outputsTooLarge: () =>
    refuse("'tool_outputs' too large: the combined tool outputs must be less than 512kb.", {
      param: 'tool_outputs',
      code: 'invalid_value',
    }),
  /** Row 38. */
  internal: () =>
    new ApiError(500, {
      message: 'The server had an error processing your request. Sorry about that!',
    }),
  /** Row 38, where the reason is one that whoever runs the server can do something about. */
  databaseUnavailable: (reason: string) =>
    new ApiError(500, { message: `The server cannot use its database: ${reason}.` }),
  /** Row 39. */
  badJson: () =>
    refuse(
      'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid JSON.)',
    ),
  deepJson: (levels: number) =>
    refuse(
      `We could not parse the JSON body of your request. It is nested more than ${levels} levels deep.`,
    ),
  /** Row 40. */
  unknownUrl: (method: string, path: string) =>
    new ApiError(404, { message: `Invalid URL (${method} ${path})` }),

  /** Below: what this engine cannot do, which upstream could. */
  noModel: (reason: string) => refuse(reason, { param: 'model', code: 'model_not_configured' }),
  noTool: (reason: string) => refuse(reason, { param: 'tools', code: 'unsupported_tool' }),
  unattachable: (file_id: string) =>
    refuse(
      `File '${file_id}' is kept here alone, where the model endpoint's tools cannot read it: download it and upload it to have it read.`,
      { param: 'tool_resources', code: 'unsupported_file' },
    ),
  noVectorStores: (path: string) =>
    refuse(`'${path}' is not supported here: there are no vector stores, so leave it out.`, {
      param: path,
      code: 'unsupported_parameter',
    }),
  /** What the model endpoint has against its files, in its own words. */
  endpoint: ({ status, message, ...facts }: EndpointFailure) => {
    if (status === 404) return new ApiError(404, { message, ...facts });
    if (status !== null && callerStatuses.has(status)) return refuse(message, facts);
    return new ApiError(500, { message: `The model endpoint's files cannot be used: ${message}` });
  },
} as const;
