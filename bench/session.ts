import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The cost of one start of a server. */
export interface Measure {
  /** From the spawn to the response to `initialize`. */
  readonly startMs: number;
  /** Resident memory after the response to `tools/list`. */
  readonly memoryMiB: number;
}

const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
};

/** Resident memory of a process; NaN or an error if it has ended. */
export function residentMiB(pid: number): number {
  if (process.platform !== 'linux') {
    return (
      Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
    );
  }
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]) / 1024;
}

/** Starts a server as a host does, lists its tools, and calls the tool `name`, if there is one. */
export async function measure(
  script: string,
  env: NodeJS.ProcessEnv,
  name?: string,
): Promise<Measure> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const responses = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = (message: object) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send({ id: 1, method: 'initialize', params: initialize });
  await responses.next();
  const startMs = performance.now() - startedAt;
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' });
  await responses.next();
  const memoryMiB = residentMiB(child.pid ?? 0);
  if (name !== undefined) {
    send({ id: 3, method: 'tools/call', params: { name, arguments: {} } });
    await responses.next();
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.end();
  await ended;
  return { startMs, memoryMiB };
}
