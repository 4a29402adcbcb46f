import {
  type LoggingLevel,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { fieldOf } from '../shared/json.ts';
import { type Log, type LogFields, type LogLevel, redactedEntry } from '../shared/log.ts';
import { anyParams } from './any-params.ts';

/** The protocol's levels, from the least to the most severe. */
const protocolLevels = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const satisfies readonly LoggingLevel[];

const protocolLevel: Readonly<Record<LogLevel, LoggingLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
};

type Listener = (level: LogLevel, message: string, fields?: LogFields) => void;

const createLogOf = (write: Listener): Log => ({
  error: (message, fields) => write('error', message, fields),
  warn: (message, fields) => write('warn', message, fields),
  info: (message, fields) => write('info', message, fields),
  debug: (message, fields) => write('debug', message, fields),
});

/** A log with listeners, which get every message at any level. */
export interface ObservableLog extends Log {
  listen(listener: Listener): void;
}

/** Adds listeners to a log. What a listener logs itself reaches only the log. */
export function createObservableLog(log: Log): ObservableLog {
  const listeners: Listener[] = [];
  let isNotifying = false;
  const write: Listener = (level, message, fields) => {
    log[level](message, fields);
    if (isNotifying) return;
    isNotifying = true;
    try {
      for (const listener of listeners) listener(level, message, fields);
    } finally {
      isNotifying = false;
    }
  };
  return { ...createLogOf(write), listen: (listener) => void listeners.push(listener) };
}

/**
 * The log of one request: in protocol 2026-07-28, messages also go to the client if the request asks
 * for them. In protocol 2025 a client asks once for those of the whole program.
 */
export function createRequestLog(
  log: Log,
  { mcpReq }: ServerContext,
  secrets: readonly string[],
): Log {
  if (mcpReq.envelope === undefined) return log;
  return createLogOf((level, message, fields) => {
    log[level](message, fields);
    const data = redactedEntry(message, fields, secrets);
    // A notification can fail only because the client has disconnected.
    void mcpReq.log(protocolLevel[level], data, 'assistants-mcp').catch(() => {});
  });
}

function parseLevel(params: object): number {
  const level = fieldOf(params, 'level');
  const index = protocolLevels.findIndex((each) => each === level);
  if (index !== -1) return index;
  const message = `Invalid level: use one of ${protocolLevels.join(', ')}.`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

/**
 * Declares logging. With an observable log, of a process that has one client, logging/setLevel starts
 * sending its messages; before, none are sent.
 */
export function registerLogging(
  { server }: McpServer,
  log: Log | ObservableLog,
  secrets: readonly string[],
): void {
  server.registerCapabilities({ logging: {} });
  let minimum: number = protocolLevels.length;
  let isListening = false;
  const send: Listener = (name, message, fields) => {
    const level = protocolLevel[name];
    if (protocolLevels.indexOf(level) < minimum) return;
    const params = {
      level,
      logger: 'assistants-mcp',
      data: redactedEntry(message, fields, secrets),
    };
    void server.notification({ method: 'notifications/message', params }).catch(() => {});
  };
  server.setRequestHandler('logging/setLevel', { params: anyParams }, (params) => {
    minimum = parseLevel(params);
    if ('listen' in log && !isListening) {
      isListening = true;
      log.listen(send);
    }
    return {};
  });
}
