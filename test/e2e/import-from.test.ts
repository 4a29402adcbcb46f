import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import {
  assistant,
  completedRun,
  messageStep,
  question,
  reply,
  thread,
} from '../support/examples.ts';
import { listen } from '../support/loopback-server.ts';
import { toLines } from '../support/transfer.ts';
import { cleanEnv, script, startServer, temporaryFolder } from './server.ts';

const { created_at } = thread;
const threadCount = 20;
const messagesPerThread = 500;

/** Every 50th message is the answer of a run with one step. */
function threadObjects(index: number): object[] {
  const thread_id = `thread_${index}`;
  const objects: object[] = [{ ...thread, id: thread_id, created_at: created_at + index }];
  for (let number = 0; number < messagesPerThread; number += 1) {
    const id = `msg_${index}_${number}`;
    const own = { id, thread_id, created_at: created_at + Math.floor(number / 3) };
    if (number % 50 !== 49) {
      objects.push({ ...question, ...own });
      continue;
    }
    const run_id = `run_${index}_${number}`;
    const step_details = { type: 'message_creation', message_creation: { message_id: id } };
    objects.push(
      { ...reply, ...own, run_id, content: question.content },
      { ...completedRun, ...own, id: run_id },
      { ...messageStep, ...own, id: `step_${index}_${number}`, run_id, step_details },
    );
  }
  return objects;
}

/** Runs the program to its end; resolves to its exit code and output. */
async function run(folder: string, args: readonly string[], onStart?: (pid: number) => void) {
  const child = spawn(process.execPath, [script, ...args], { cwd: folder, env: cleanEnv(folder) });
  onTestFinished(() => void child.kill('SIGKILL'));
  onStart?.(child.pid ?? 0);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = await once(child, 'close');
  return { end: code ?? signal, stdout, stderr };
}

/** Numbers from 0 to 1 that a seed determines. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One of our servers with 10,000 messages. */
async function serveMessages(folder: string): Promise<string> {
  const objects = Array.from({ length: threadCount }, (_, index) => threadObjects(index)).flat();
  writeFileSync(join(folder, 'in.jsonl'), toLines([assistant, ...objects]));
  const imported = await run(folder, ['import', 'in.jsonl', '--database', 'source.db']);
  expect(imported.stderr).toContain('10000 messages');
  const args = ['serve', '--port', '0', '--database', 'source.db', '--model-api', 'scripted'];
  const server = startServer({ folder, args });
  await server.logged('listening');
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/u.exec(server.stderr()) ?? [];
  return url;
}

const seed = 1;

test(
  'an import of 10,000 messages that is killed again and again ends complete, with nothing twice',
  { timeout: 300_000 },
  async () => {
    const folder = temporaryFolder();
    const source = await serveMessages(folder);
    const random = createRandom(seed);
    /** Responses until the importing process is killed. */
    let remaining = Infinity;
    let pid = 0;
    const killSoon = async () => {
      for (let turns = random() * 200; turns > 0; turns -= 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      process.kill(pid, 'SIGKILL');
    };
    const proxy = await listen(async (request) => {
      const { pathname, search } = new URL(request.url);
      const response = await fetch(`${source}${pathname}${search}`);
      remaining -= 1;
      if (remaining === 0) void killSoon();
      return new Response(await response.text(), response);
    });
    const args = ['import', '--from', `${proxy}/v1`, '--database', 'target.db'];
    const start = () => run(folder, args, (started) => (pid = started));
    for (let kills = 0; kills < 5; kills += 1) {
      remaining = 1 + Math.floor(random() * 150);
      expect((await start()).end).toBe('SIGKILL');
    }
    remaining = Infinity;
    expect((await start()).end).toBe(0);
    const exports = await Promise.all(
      ['source.db', 'target.db'].map((file) => run(folder, ['export', '--database', file])),
    );
    expect(exports[1]?.stdout).toBe(exports[0]?.stdout);
    const again = await start();
    expect([again.end, again.stderr]).toEqual([
      0,
      expect.stringContaining('Imported nothing from'),
    ]);
  },
);
