import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { startBuiltServe, stopChild } from './built-program.ts';
import type { StallRequest } from './stall-requests.ts';

/** The built program, which answers REST and MCP over HTTP, or stdio. */
export interface Program {
  readonly name: string;
  /** Whether it answers HTTP; else stdio. */
  readonly isServer: boolean;
  /** Makes the smallest request there is. */
  probe(): Promise<void>;
  /** Resolves to the status or to what kind of answer came. */
  send(request: StallRequest): Promise<string>;
  /** Creates an object; resolves to its id. */
  create(kind: 'threads' | 'assistants', body: object): Promise<string>;
  /** Starts a new measurement of the peak; returns the bytes in memory now. */
  resetPeakBytes(): number;
  peakBytes(): number;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const withId = z.looseObject({ id: z.string() });

function memoryOf(pid: number) {
  const read = (field: string): number => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const line = status.split('\n').find((each) => each.startsWith(`${field}:`)) ?? '';
    return Number(/\d+/u.exec(line)?.[0]) * 1024;
  };
  return {
    peakBytes: () => read('VmHWM'),
    resetPeakBytes: () => {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      return read('VmRSS');
    },
  };
}

/** Sends a request and drains the answer; resolves to the status and the start of the body. */
async function exchange(
  url: string,
  { method, body, agent }: { method: string; body: Buffer; agent?: Agent },
): Promise<{ status: number; text: string }> {
  const outgoing = httpRequest(url, {
    method,
    ...(agent && { agent }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': body.length,
    },
  });
  const {
    promise,
    resolve: answer,
    reject,
  } = Promise.withResolvers<{
    status: number;
    text: string;
  }>();
  // A refusal may come before the body is sent.
  let hasAnswer = false;
  outgoing.on('error', (error) => {
    if (!hasAnswer) reject(error);
  });
  outgoing.on('response', (incoming) => {
    hasAnswer = true;
    let text = '';
    incoming.on('data', (chunk: Buffer) => {
      if (text.length < 4096) text += chunk.toString();
    });
    incoming.once('end', () => answer({ status: incoming.statusCode ?? 0, text }));
  });
  outgoing.end(body);
  return promise;
}

/** Starts `serve` on a free port. */
export async function startServe(env: Env): Promise<Program> {
  const { child, restURL } = await startBuiltServe(env);
  const base = restURL.slice(0, -'/v1'.length);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    name: 'serve',
    isServer: true,
    async probe() {
      await exchange(`${base}/healthz`, { method: 'GET', body: Buffer.alloc(0), agent });
    },
    async send({ method, path, body }) {
      const { status } = await exchange(`${base}${path}`, { method, body });
      return String(status);
    },
    async create(kind, body) {
      const json = Buffer.from(JSON.stringify(body));
      const { text } = await exchange(`${base}/v1/${kind}`, { method: 'POST', body: json });
      return withId.parse(JSON.parse(text)).id;
    },
    ...memoryOf(child.pid ?? 0),
    stop: () => stopChild(child),
  };
}

const response = z.looseObject({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  error: z.object({ message: z.string() }).optional(),
  result: z
    .looseObject({ isError: z.boolean().optional(), structuredContent: z.unknown().optional() })
    .optional(),
});

/**
 * Starts the program as an MCP host does, with a small HTTP server in its process: a second message on
 * stdin would wait for the transfer of the first.
 */
export async function startStdio(env: Env): Promise<Program> {
  const probeServer = resolve('bench/probe-server.ts');
  const child = spawn(process.execPath, ['--import', probeServer, 'dist/cli.js'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  child.stderr.resume();
  const [address] = await once(child.stdio[3] ?? child.stderr, 'data');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pending = new Map<unknown, (answer: z.infer<typeof response>) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = response.parse(JSON.parse(line));
    pending.get(answer.id)?.(answer);
    pending.delete(answer.id);
  });
  let lastId = 0;
  const request = (method: string, params: object) => {
    lastId += 1;
    const { promise, resolve: answer } = Promise.withResolvers<z.infer<typeof response>>();
    pending.set(lastId, answer);
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params })}\n`);
    return promise;
  };
  const clientInfo = { name: 'bench', version: '1' };
  await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  return {
    name: 'stdio',
    isServer: false,
    async probe() {
      await exchange(String(address), { method: 'GET', body: Buffer.alloc(0), agent });
    },
    async send({ body }) {
      const { promise, resolve: answer } = Promise.withResolvers<z.infer<typeof response>>();
      pending.set('huge', answer);
      pending.set(null, answer);
      child.stdin.write(body);
      child.stdin.write('\n');
      const { error, result } = await promise;
      if (error !== undefined) return 'JSON-RPC error';
      return result?.isError === true ? 'error result' : 'result';
    },
    async create(kind, body) {
      const name = kind === 'threads' ? 'create_thread' : 'create_assistant';
      const { result } = await request('tools/call', { name, arguments: body });
      return withId.parse(result?.structuredContent).id;
    },
    ...memoryOf(child.pid ?? 0),
    stop: () => stopChild(child),
  };
}
