import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { earlyEndError, killChild, startBuiltServe } from '../../bench/built-program.ts';

const rpcAnswer = z.looseObject({
  id: z.number(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
export type RpcAnswer = z.infer<typeof rpcAnswer>;

/** The built program with one MCP client, which takes tasks. */
export interface Program {
  /** null: the program was killed before it answered. Rejects if it ended by itself. */
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

/** Starts the program as an MCP host does. */
export async function startOverStdio(env: Env): Promise<Program> {
  const child = spawn(process.execPath, ['dist/cli.js'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pending = new Map<number, PromiseWithResolvers<RpcAnswer | null>>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = rpcAnswer.parse(JSON.parse(line));
    pending.get(answer.id)?.resolve(answer);
    pending.delete(answer.id);
  });
  let hasEnded = false;
  const endRequest = ({ resolve, reject }: PromiseWithResolvers<RpcAnswer | null>): void => {
    if (child.killed) resolve(null);
    else reject(earlyEndError(child));
  };
  child.once('close', () => {
    hasEnded = true;
    for (const request of pending.values()) endRequest(request);
    pending.clear();
  });
  // Writing to a killed program fails.
  child.stdin.on('error', () => {});
  let id = 0;
  return {
    async request(method, params) {
      const request = Promise.withResolvers<RpcAnswer | null>();
      if (hasEnded) {
        endRequest(request);
        return request.promise;
      }
      id += 1;
      pending.set(id, request);
      child.stdin.write(`${messageOf(id, method, params)}\n`);
      return request.promise;
    },
    kill: () => killChild(child),
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
        if (!child.killed) throw error;
        return null;
      }
    },
    kill: () => killChild(child),
  };
}
