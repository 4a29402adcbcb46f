import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What one start of a server took. */
export interface Measure {
  /** Milliseconds from the spawn to the answer to `initialize`. */
  readonly start: number;
  /** Resident memory in MiB once `tools/list` is answered. */
  readonly memory: number;
}

const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
};

function residentMemory(pid: number): number {
  if (process.platform !== 'linux') {
    return (
      Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
    );
  }
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]) / 1024;
}

/** Starts a server as a host does, asks for its tools, and then calls `last`, if any. */
export async function measure(
  script: string,
  env: NodeJS.ProcessEnv,
  last?: string,
): Promise<Measure> {
  const begun = performance.now();
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = (message: object) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send({ id: 1, method: 'initialize', params: initialize });
  await answers.next();
  const start = performance.now() - begun;
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' });
  await answers.next();
  const memory = residentMemory(child.pid ?? 0);
  if (last !== undefined) {
    send({ id: 3, method: 'tools/call', params: { name: last, arguments: {} } });
    await answers.next();
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.end();
  await ended;
  return { start, memory };
}
