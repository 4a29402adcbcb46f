import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Log } from '../shared/log.ts';
import { redactedExcerpt } from '../shared/redact.ts';
import { advise } from '../tools/error-advice.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import type { ToolNameLookup } from '../tools/tool.ts';
import { createRequestLog } from './client-log.ts';
import { maxErrorLength } from './result.ts';

/** What the requests for resources and prompts need. */
export interface RequestDeps {
  /** Returns the SDK client; called for each request that needs it. */
  readonly openai: () => Promise<OpenAI>;
  readonly log: Log;
  /** Values to redact in errors, such as the API key. */
  readonly secrets: readonly string[];
  readonly toolName: ToolNameLookup;
}

/** A request as errors describe it. */
interface FailedRequest {
  readonly context: ServerContext;
  readonly args: Readonly<Record<string, string>>;
  /** The resource that was requested. */
  readonly uri?: string;
}

/** The protocol's error, with the API's sentence and the same advice as a tool gives. */
function toProtocolError(
  error: unknown,
  { args, uri }: FailedRequest,
  baseURL: string,
  { secrets, toolName }: RequestDeps,
): ProtocolError {
  const { status, code, message } = readFailure(error);
  const advice = advise(error, { args, inputSchema: {}, baseURL, toolName });
  const text = redactedExcerpt(
    advice === null ? message : `${message}\n${advice}`,
    maxErrorLength,
    secrets,
  );
  if (status === 404 && uri !== undefined) return new ResourceNotFoundError(uri, text);
  const isInvalid = status === 404 || status === 400 || (status === null && code !== null);
  const errorCode = isInvalid ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(errorCode, text);
}

/** Calls `action` with the SDK client; errors that are none of the protocol become such. */
export async function answerRequest<Result>(
  deps: RequestDeps,
  request: FailedRequest,
  action: (openai: OpenAI) => Promise<Result>,
): Promise<Result> {
  let baseURL = '';
  try {
    const openai = await deps.openai();
    baseURL = openai.baseURL;
    return await action(openai);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const failure = toProtocolError(error, request, baseURL, deps);
    const { method } = request.context.mcpReq;
    const log = createRequestLog(deps.log, request.context, deps.secrets);
    const { status, code } = readFailure(error);
    const isApiError = status !== null || code !== null;
    log[isApiError ? 'info' : 'warn']('MCP request failed', { method, error: failure.message });
    throw failure;
  }
}
