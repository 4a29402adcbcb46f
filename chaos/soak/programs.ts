import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { startBuiltServe, stopChild } from '../../bench/built-program.ts';

const rpcAnswer = z.looseObject({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  result: z
    .looseObject({ isError: z.boolean().optional(), structuredContent: z.unknown().optional() })
    .optional(),
});
type RpcAnswer = z.infer<typeof rpcAnswer>;

const callTimeoutMs = 60_000;

/** Calls a tool; resolves to its object and rejects with an error. */
export type CallTool = (name: string, args: object) => Promise<unknown>;

function resultOf({ result, ...rest }: RpcAnswer): unknown {
  if (result === undefined || result.isError === true) {
    throw new Error(JSON.stringify(result ?? rest).slice(0, 300));
  }
  return result.structuredContent;
}

function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(?<kib>\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.groups?.['kib']) * 1024;
}

/** `serve`, with clients for REST, MCP and raw bytes. */
export interface SoakServer {
  rest(method: string, path: string, body?: string | Buffer): Promise<Response>;
  readonly callTool: CallTool;
  /** Sends bytes as they are and resolves when the server has answered or closed the connection. */
  sendRaw(bytes: string | Buffer): Promise<void>;
  residentBytes(): number;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const rpc = (id: number, method: string, params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });

/** Starts the built `serve` on a free port. */
export async function startSoakServer(env: Env): Promise<SoakServer> {
  const { child, restURL } = await startBuiltServe(env);
  const base = restURL.slice(0, -'/v1'.length);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const rest: SoakServer['rest'] = (method, path, body) =>
    fetch(`${base}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(callTimeoutMs),
    });
  return {
    rest,
    async callTool(name, args) {
      const message = rpc(1, 'tools/call', { name, arguments: args });
      const text = await (await rest('POST', '/mcp', message)).text();
      const data = text.split('\n').findLast((line) => line.startsWith('data: '));
      return resultOf(rpcAnswer.parse(JSON.parse(data?.slice('data: '.length) ?? text)));
    },
    async sendRaw(bytes) {
      const socket = connect(Number(new URL(base).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.end(bytes);
      const timeout = new AbortController();
      const timedOut = setTimeout(2000, null, { signal: timeout.signal }).catch(() => {});
      await Promise.race([once(socket, 'data').catch(() => {}), once(socket, 'close'), timedOut]);
      timeout.abort();
      socket.destroy();
    },
    residentBytes: () => residentBytes(child.pid ?? 0),
    stop: () => stopChild(child),
  };
}

/** The program as an MCP host starts it. */
export interface SoakStdio {
  readonly callTool: CallTool;
  /** Writes a line as it is. */
  sendLine(line: string | Buffer): Promise<void>;
  residentBytes(): number;
  stop(): Promise<void>;
}

/** Starts the built program over stdio. */
export async function startSoakStdio(env: Env): Promise<SoakStdio> {
  const child = spawn(process.execPath, ['dist/cli.js'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pending = new Map<unknown, (answer: RpcAnswer) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = rpcAnswer.parse(JSON.parse(line));
    pending.get(answer.id)?.(answer);
    pending.delete(answer.id);
  });
  const sendLine = async (line: string | Buffer) => {
    const first = child.stdin.write(line);
    if (!child.stdin.write('\n') || !first) await once(child.stdin, 'drain');
  };
  let lastId = 0;
  const request = async (method: string, params: object): Promise<RpcAnswer> => {
    const id = (lastId += 1);
    const { promise, resolve } = Promise.withResolvers<RpcAnswer>();
    pending.set(id, resolve);
    await sendLine(rpc(id, method, params));
    const timeout = new AbortController();
    const timedOut = setTimeout(callTimeoutMs, null, { signal: timeout.signal }).then(() => {
      throw new Error(`${method} was not answered`);
    });
    timedOut.catch(() => {});
    return Promise.race([promise, timedOut]).finally(() => timeout.abort());
  };
  const clientInfo = { name: 'soak', version: '1' };
  await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  await sendLine('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return {
    callTool: async (name, args) =>
      resultOf(await request('tools/call', { name, arguments: args })),
    sendLine,
    residentBytes: () => residentBytes(child.pid ?? 0),
    stop: () => stopChild(child),
  };
}
