import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { startBuiltServe } from '../../bench/built-program.ts';

const rpcAnswer = z.looseObject({
  id: z.number(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
export type RpcAnswer = z.infer<typeof rpcAnswer>;

/** The built program with one MCP client, which takes tasks. */
export interface Program {
  /** null: the program was killed before it answered. */
  request(method: string, params: object): Promise<RpcAnswer | null>;
  /** Kills the program with SIGKILL. */
  kill(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'chaos', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  },
};

const messageOf = (id: number, method: string, params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } });

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Starts the program as an MCP host does. */
export async function startOverStdio(env: Env): Promise<Program> {
  const child = spawn(process.execPath, ['dist/cli.js'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pending = new Map<number, (answer: RpcAnswer | null) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = rpcAnswer.parse(JSON.parse(line));
    pending.get(answer.id)?.(answer);
    pending.delete(answer.id);
  });
  let hasEnded = false;
  child.once('close', () => {
    hasEnded = true;
    for (const resolve of pending.values()) resolve(null);
  });
  // Writing to a killed program fails.
  child.stdin.on('error', () => {});
  let id = 0;
  return {
    async request(method, params) {
      if (hasEnded) return null;
      id += 1;
      const { promise, resolve } = Promise.withResolvers<RpcAnswer | null>();
      pending.set(id, resolve);
      child.stdin.write(`${messageOf(id, method, params)}\n`);
      return promise;
    },
    kill: () => kill(child),
  };
}

/** Starts `serve` on a free port. */
export async function startOverHttp(env: Env): Promise<Program> {
  const { child, restURL } = await startBuiltServe(env);
  const url = `${restURL.slice(0, -'/v1'.length)}/mcp`;
  let id = 0;
  return {
    async request(method, params) {
      id += 1;
      const { name, taskId }: { name?: string; taskId?: string } = params;
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': name ?? taskId ?? '',
      };
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers,
          body: messageOf(id, method, params),
        });
        return rpcAnswer.parse(await response.json());
      } catch (error) {
        if (child.signalCode === null && !child.killed) throw error;
        return null;
      }
    },
    kill: () => kill(child),
  };
}
