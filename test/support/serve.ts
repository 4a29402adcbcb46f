import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { McpServer } from '@modelcontextprotocol/server';
import OpenAI, { type ClientOptions } from 'openai';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import { createMcpServerFactory } from '../../src/cli/mcp-server-factory.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { startServer } from '../../src/server/server.ts';
import { configOf } from './config.ts';

export interface ServeOptions {
  /** Flags after `serve`. */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Receives what reads the TLS certificate again. */
  readonly onReload?: (reload: () => Promise<void>) => void;
  /** Replaces the program's own MCP server. */
  readonly mcpServer?: () => McpServer;
}

const logLine = z.looseObject({
  level: z.string(),
  message: z.string(),
  request_id: z.string().optional(),
});

export interface RunningServe {
  /** The base URL, without a path. */
  readonly url: string;
  readonly port: number;
  /** The log lines written so far. */
  lines(): z.infer<typeof logLine>[];
  stop(): Promise<void>;
}

/** Starts `serve` on a free port, with the scripted model unless `env` says otherwise. */
export async function startServe(start: ServeOptions = {}): Promise<RunningServe> {
  const { clock = systemClock, env = { ASSISTANTS_MODEL_API: 'scripted' } } = start;
  const argv = ['serve', '--port', '0', '--database', ':memory:', ...(start.argv ?? [])];
  const config = configOf({ argv, env, home: '/nowhere' });
  const logLines: string[] = [];
  const secrets = [config.apiKey, config.token].filter((secret) => secret !== null);
  const log = createLog({
    level: 'debug',
    secrets,
    now: () => systemClock.now(),
    write: (line) => logLines.push(line),
  });
  const server = await startServer({
    config,
    clock,
    ids: randomIds,
    log,
    version: '1.2.3',
    serverFactory: ({ openai, ...deps }) =>
      start.mcpServer ??
      createMcpServerFactory(config, { ...deps, clock, openai: async () => openai }),
    onReload: start.onReload ?? (() => {}),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= server.stop());
  onTestFinished(stop);
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    lines: () => logLines.map((line) => logLine.parse(JSON.parse(line))),
    stop,
  };
}

/** The official SDK as an existing program uses it, with only the base URL changed. */
export const sdkFor = ({ url }: RunningServe, options: ClientOptions = {}): OpenAI =>
  new OpenAI({ apiKey: 'sk-old-program', baseURL: `${url}/v1`, maxRetries: 0, ...options });

export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Parses the bytes of one response. */
function parseResponse(bytes: string): RawResponse {
  const [head = '', ...body] = bytes.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(' ')[1]),
    headers: new Headers(pairs),
    body: body.join('\r\n\r\n'),
  };
}

/**
 * Sends bytes that no HTTP library would send and reads the complete response. `lines` are the
 * request line and headers, to which `Connection: close` is added; `body` follows unchanged.
 */
export async function writeRaw(
  { port }: RunningServe,
  lines: readonly string[],
  body = '',
): Promise<RawResponse> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  return parseResponse(await text(socket));
}
