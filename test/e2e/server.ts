import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

export const script = resolve('dist/cli.js');

/** Creates a folder that is removed when the test finishes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The environment of a program that a test starts, without the developer's own variables. */
export const cleanEnv = (folder: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  USERPROFILE: folder,
  LOCALAPPDATA: join(folder, 'local'),
  XDG_DATA_HOME: join(folder, 'data'),
  ASSISTANTS_LOG_LEVEL: 'debug',
});

const jsonRpc = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().optional(),
  result: z.looseObject({}).optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
export type Message = z.infer<typeof jsonRpc>;

/** null for a line that is not JSON-RPC; `parseMessages` throws for it. */
function toMessage(line: string): Message | null {
  try {
    return jsonRpc.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

export interface Server {
  readonly pid: number;
  /** Writes one line to stdin. */
  write(line: string): void;
  request(method: string, params?: object): Promise<Message>;
  notify(method: string, params?: object): void;
  /** Closes stdin, as a host does when it exits. */
  end(): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves to the exit code or the name of the signal when the process has ended. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** The output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when stderr contains `text`; rejects after 20 seconds. */
  logged(text: string): Promise<void>;
  /** Closes the reading end of stdout, as a crashed host does. */
  stopReading(): void;
}

interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly node?: readonly [string, ...string[]];
}

/** Starts the built program as an MCP host does. */
export function startServer(options: StartOptions = {}): Server {
  const folder = options.folder ?? temporaryFolder();
  const [node, ...nodeArgs] = options.node ?? [process.execPath];
  const child = spawn(node, [...nodeArgs, script, ...(options.args ?? [])], {
    env: { ...cleanEnv(folder), ...options.env },
    cwd: folder,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  const pending = new Map<unknown, (message: Message) => void>();
  let partialLine = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
    const lines = (partialLine + text).split('\n');
    partialLine = lines.pop() ?? '';
    for (const line of lines) {
      const message = toMessage(line);
      if (message !== null) pending.get(message.id)?.(message);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.on('error', () => {});
  const logged = async (text: string) => {
    const signal = AbortSignal.timeout(20_000);
    while (!output.stderr.includes(text)) await once(child.stderr, 'data', { signal });
  };
  const exited = new Promise<number | NodeJS.Signals>((resolveExit, rejectExit) => {
    child.once('error', rejectExit);
    child.once('close', (code, signal) => resolveExit(code ?? signal ?? 'SIGKILL'));
  });
  const write = (line: string) => void child.stdin.write(`${line}\n`);
  let lastId = 0;
  return {
    pid: child.pid ?? 0,
    write,
    notify: (method, params = {}) => write(JSON.stringify({ jsonrpc: '2.0', method, params })),
    request(method, params = {}) {
      const id = (lastId += 1);
      const { promise, resolve: respond, reject } = Promise.withResolvers<Message>();
      pending.set(id, respond);
      void exited.then((code) => reject(new Error(`exited with ${code}: ${output.stderr}`)));
      write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      return promise;
    },
    end: () => child.stdin.end(),
    signal: (name) => void child.kill(name),
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    logged,
    stopReading: () => child.stdout.destroy(),
  };
}

/** Parses the messages on stdout; throws for a line that is not JSON-RPC. */
export const parseMessages = (stdout: string): Message[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => jsonRpc.parse(JSON.parse(line)));

export const initializeParams = (protocolVersion = '2025-11-25') => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

/** Initializes a connection in protocol 2025. */
export async function initialize(server: Server): Promise<Message> {
  const response = await server.request('initialize', initializeParams());
  server.notify('notifications/initialized');
  return response;
}

/** Calls a tool; resolves to its structured content or rejects with its error text. */
export async function callTool(server: Server, name: string, args: object): Promise<unknown> {
  const { result } = await server.request('tools/call', { name, arguments: args });
  if (result?.['isError'] === true) throw new Error(JSON.stringify(result['content']));
  return result?.['structuredContent'];
}
