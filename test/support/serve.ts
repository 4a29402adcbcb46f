import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { McpServer } from '@modelcontextprotocol/server';
import OpenAI, { type ClientOptions } from 'openai';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { createServer } from '../../src/mcp/server.ts';
import { startServer } from '../../src/server/server.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { configOf } from './config.ts';

export interface ServeOptions {
  /** Flags after `serve`. */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Another MCP server than the program's own. */
  readonly mcpServer?: () => McpServer;
}

const logLine = z.looseObject({
  level: z.string(),
  message: z.string(),
  request_id: z.string().optional(),
});

export interface RunningServe {
  /** Where it listens, without a path. */
  readonly url: string;
  readonly port: number;
  /** The log so far. */
  lines(): z.infer<typeof logLine>[];
  stop(): Promise<void>;
}

/** The listener of `serve` on a port of its own, with the scripted model unless told otherwise. */
export async function startServe(start: ServeOptions = {}): Promise<RunningServe> {
  const { clock = systemClock, env = { ASSISTANTS_MODEL_API: 'scripted' } } = start;
  const argv = ['serve', '--port', '0', '--database', ':memory:', ...(start.argv ?? [])];
  const config = configOf({ argv, env, home: '/nowhere' });
  const written: string[] = [];
  const secrets = [config.apiKey, config.token].filter((secret) => secret !== null);
  const log = createLog({
    level: 'debug',
    secrets,
    now: () => systemClock.now(),
    write: (line) => written.push(line),
  });
  const serving = await startServer({
    config,
    clock,
    ids: randomIds,
    log,
    version: '1.2.3',
    serverFactory: ({ openai, ...parts }) =>
      start.mcpServer ??
      (() =>
        createServer({
          ...parts,
          openai: async () => openai,
          listings: allTools.map(toListing),
          load: async (name) => findTool(name),
          clock,
          version: '1.2.3',
          secrets,
        })),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= serving.stop());
  onTestFinished(stop);
  return {
    url: serving.url,
    port: Number(new URL(serving.url).port),
    lines: () => written.map((line) => logLine.parse(JSON.parse(line))),
    stop,
  };
}

/** The official SDK, as a program uses it that has changed nothing but its base URL. */
export const sdkFor = ({ url }: RunningServe, options: ClientOptions = {}): OpenAI =>
  new OpenAI({ apiKey: 'sk-old-program', baseURL: `${url}/v1`, maxRetries: 0, ...options });

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Takes apart what a server wrote before it closed the connection. */
function parseAnswer(answer: string): RawAnswer {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(' ')[1]),
    headers: new Headers(pairs),
    body: rest.join('\r\n\r\n'),
  };
}

/**
 * Writes bytes that no HTTP library would, and reads the answer to its end: `lines` is the head,
 * where `Connection: close` is added, and `body` follows as it is.
 */
export async function writeRaw(
  { port }: RunningServe,
  lines: readonly string[],
  body = '',
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  return parseAnswer(await text(socket));
}
