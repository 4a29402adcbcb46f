import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

export const script = resolve('dist/cli.js');

/** A folder of the test's own, gone with it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a server started by a test sees of the environment: nothing of the developer's own. */
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
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  result: z.looseObject({}).optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
export type Message = z.infer<typeof jsonRpc>;

/** null for what is no JSON-RPC; `messagesIn` is what fails for it. */
function parseMessage(line: string): Message | null {
  try {
    return jsonRpc.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

export interface Server {
  readonly pid: number;
  /** Writes one line as it is. */
  write(line: string): void;
  request(method: string, params?: object): Promise<Message>;
  notify(method: string, params?: object): void;
  /** Ends the server's stdin, as a host that goes away does. */
  end(): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or the name of the signal, once the process is gone. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Everything on stdout so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves once stderr holds `text`. */
  logged(text: string): Promise<void>;
  /** Stops reading the server's stdout, as a host that died does. */
  stopReading(): void;
}

interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly node?: readonly [string, ...string[]];
}

/** Starts the built program as a host does. */
export function startServer(start: Start = {}): Server {
  const folder = start.folder ?? temporaryFolder();
  const [node, ...nodeArgs] = start.node ?? [process.execPath];
  const child = spawn(node, [...nodeArgs, script, ...(start.args ?? [])], {
    env: { ...cleanEnv(folder), ...start.env },
    cwd: folder,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  const waiting = new Map<unknown, (message: Message) => void>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parseMessage(line);
      if (message !== null) waiting.get(message.id)?.(message);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.on('error', () => {});
  const logged = async (text: string) => {
    while (!output.stderr.includes(text)) await once(child.stderr, 'data');
  };
  const exited = new Promise<number | NodeJS.Signals>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done(code ?? signal ?? 'SIGKILL'));
  });
  const write = (line: string) => void child.stdin.write(`${line}\n`);
  let lastId = 0;
  return {
    pid: child.pid ?? 0,
    write,
    notify: (method, params = {}) => write(JSON.stringify({ jsonrpc: '2.0', method, params })),
    request(method, params = {}) {
      const id = (lastId += 1);
      const { promise, resolve: answer, reject } = Promise.withResolvers<Message>();
      waiting.set(id, answer);
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

/** All messages of a stdout; throws for a line that is none. */
export const messagesIn = (stdout: string): Message[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => jsonRpc.parse(JSON.parse(line)));

export const initializeParams = (protocolVersion = '2025-11-25') => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

/** Opens a connection the way the hosts of 2025 do. */
export async function initialize(server: Server): Promise<Message> {
  const answer = await server.request('initialize', initializeParams());
  server.notify('notifications/initialized');
  return answer;
}

/** Calls a tool over an open connection; resolves to its structured content or its error's text. */
export async function callTool(server: Server, name: string, args: object): Promise<unknown> {
  const { result } = await server.request('tools/call', { name, arguments: args });
  if (result?.['isError'] === true) throw new Error(JSON.stringify(result['content']));
  return result?.['structuredContent'];
}
