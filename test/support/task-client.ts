import type OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import { createMcpServerFactory } from '../../src/cli/mcp-server-factory.ts';
import { createHttpHandler } from '../../src/mcp/http.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { createLog } from '../../src/shared/log.ts';
import { configOf } from './config.ts';
import { listen } from './loopback-server.ts';
import { createWaitingClock } from './mcp.ts';
import { createPipes } from './pipes.ts';

export const tasksExtension = 'io.modelcontextprotocol/tasks';
export const declaresTasks = { extensions: { [tasksExtension]: {} } };

/** The `_meta` of a request in protocol 2026-07-28. */
export const requestMeta = (capabilities: object = declaresTasks) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
});

export const answer = z.looseObject({
  id: z.union([z.number(), z.null()]),
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  result: z.any().optional(),
  error: z
    .object({ code: z.number(), message: z.string(), data: z.any() })
    .partial({ data: true })
    .optional(),
});
export type Answer = z.infer<typeof answer>;

/** Sends JSON-RPC requests as they are. */
export interface TaskClient {
  /** Sends a request, by default of a client that takes tasks. */
  request(method: string, params?: object, capabilities?: object): Promise<Answer>;
  /** Sends a request with no `_meta` but its own, as in protocol 2025. */
  send(method: string, params?: object): Promise<Answer>;
}

type Exchange = (message: {
  readonly id: number;
  readonly method: string;
  readonly params: object;
}) => Promise<unknown>;

function toClient(exchange: Exchange): TaskClient {
  let id = 0;
  const request = async (method: string, params: object) => {
    id += 1;
    const received = answer.parse(await exchange({ id, method, params }));
    if (received.id !== id) throw new Error(`an answer to ${received.id} instead of ${id}`);
    return received;
  };
  return {
    request: (method, params = {}, capabilities = declaresTasks) =>
      request(method, { ...params, _meta: requestMeta(capabilities) }),
    send: (method, params = {}) => request(method, params),
  };
}

/** A client of a server's `/mcp`. */
export const httpClient = (url: string): TaskClient =>
  toClient(async ({ id, method, params }) => {
    const { name, uri, taskId, _meta }: Record<string, unknown> = { ...params };
    const named = name ?? uri ?? taskId;
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(_meta !== undefined && { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method }),
        ...(typeof named === 'string' && { 'mcp-name': named }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    });
    return response.json();
  });

type Pipes = ReturnType<typeof createPipes>;

function pipeClient({ client: transport }: Pick<Pipes, 'client'>): TaskClient {
  const pending = new Map<unknown, (message: unknown) => void>();
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is not an event target
  transport.onmessage = (message) => {
    if ('id' in message) pending.get(message.id)?.(message);
  };
  return toClient(async ({ id, method, params }) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    pending.set(id, resolve);
    await transport.send({ jsonrpc: '2.0', id, method, params: { ...params } });
    return promise;
  });
}

export const transports = ['stdio', 'HTTP'] as const;

interface TaskServerOptions {
  readonly openai: OpenAI;
  readonly argv?: readonly string[];
  readonly clock?: Clock;
}

/** Starts the program's MCP server and connects a client to it. */
export async function connectTasks(
  transport: (typeof transports)[number],
  { openai, argv = [], clock = createWaitingClock() }: TaskServerOptions,
): Promise<TaskClient> {
  const config = configOf({ argv });
  const log = createLog({ level: 'debug', secrets: [], now: () => 0, write: () => {} });
  const closing = new AbortController().signal;
  const factory = createMcpServerFactory(config, {
    openai: async () => openai,
    clock,
    log,
    closing,
  });
  if (transport === 'HTTP') {
    const handler = createHttpHandler((_url, era) => factory(config, era), log);
    return httpClient(await listen((request) => handler.fetch(request)));
  }
  const pipes = createPipes();
  const connection = connectStdio((era) => factory(config, era), { ...pipes, log });
  await pipes.client.start();
  onTestFinished(async () => {
    await pipes.client.close();
    await connection.closed;
  });
  return pipeClient(pipes);
}
