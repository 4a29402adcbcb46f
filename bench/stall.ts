// How long one request keeps others waiting, and how much memory it takes: hostile requests and large
// valid ones, by REST, MCP over HTTP and stdio. The control is the usual wait, just before each
// request. Exits with 1 if a limit is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Program, startServe, startStdio } from './stall-programs.ts';
import { prepareRequests, type StallRequest } from './stall-requests.ts';
import { startUpstream } from './upstream.ts';

const controlMs = 300;
const probePauseMs = 2;
/** For work that goes on after the answer, such as executing a run. */
const afterMs = 300;
const maxExtraMs = 250;
const maxMemoryRatio = 10;
/** Below that, the noise of the heap is larger than what the request takes. */
const minRatedBytes = 3 * 2 ** 20;

/** The longest wait of a small request until `ended` resolves. */
async function longestWaitMs(program: Program, ended: Promise<unknown>): Promise<number> {
  const state = { hasEnded: false };
  void ended.then(() => (state.hasEnded = true));
  let longestMs = 0;
  while (!state.hasEnded) {
    const startedAt = performance.now();
    await program.probe();
    longestMs = Math.max(longestMs, performance.now() - startedAt);
    await setTimeout(probePauseMs);
  }
  return longestMs;
}

interface Result {
  readonly answer: string;
  readonly totalMs: number;
  readonly usualMs: number;
  readonly longestMs: number;
  readonly memoryRatio: number;
}

async function measure(program: Program, request: StallRequest): Promise<Result> {
  const usualMs = await longestWaitMs(program, setTimeout(controlMs));
  const memoryBefore = program.resetPeakBytes();
  const startedAt = performance.now();
  let totalMs = 0;
  const answered = program.send(request).finally(() => (totalMs = performance.now() - startedAt));
  const longestMs = await longestWaitMs(
    program,
    answered.then(() => setTimeout(afterMs)),
  );
  const extraBytes = program.peakBytes() - memoryBefore;
  const memoryRatio = extraBytes / request.body.length;
  return { answer: await answered, totalMs, usualMs, longestMs, memoryRatio };
}

const isWithinLimits = ({ body }: StallRequest, { longestMs, usualMs, memoryRatio }: Result) =>
  longestMs - usualMs <= maxExtraMs &&
  (body.length < minRatedBytes || memoryRatio <= maxMemoryRatio);

function print(request: StallRequest, result: Result): void {
  const { answer, totalMs, usualMs, longestMs, memoryRatio } = result;
  const isRated = request.body.length >= minRatedBytes;
  const cells = [
    (request.body.length / 2 ** 20).toFixed(1).padStart(7),
    totalMs.toFixed(0).padStart(8),
    usualMs.toFixed(0).padStart(7),
    longestMs.toFixed(0).padStart(9),
    (isRated ? memoryRatio.toFixed(1) : '-').padStart(8),
  ];
  const verdict = isWithinLimits(request, result) ? '' : '  MISSED';
  console.log(`${request.name.padEnd(44)}${cells.join('')}  ${answer}${verdict}`);
}

const only = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const upstream = await startUpstream();
const env = { OPENAI_BASE_URL: upstream.baseURL };
let isWithinAll = true;
try {
  for (const start of [startServe, startStdio]) {
    const program = await start({ ...env, ASSISTANTS_DATABASE: join(folder, `${start.name}.db`) });
    console.log(`\nNode ${process.version}, ${program.name}`);
    console.log(
      `${'request'.padEnd(44)}    MiB      ms  usual  longest  memory  (wait at most ${maxExtraMs} ms longer than usual, memory ${maxMemoryRatio} x body)`,
    );
    for (const request of await prepareRequests(program)) {
      if (only !== undefined && !request.name.includes(only)) continue;
      const result = await measure(program, request);
      print(request, result);
      if (!isWithinLimits(request, result)) isWithinAll = false;
    }
    await program.stop();
  }
} finally {
  upstream.close();
  rmSync(folder, { recursive: true });
}
process.exitCode = isWithinAll ? 0 : 1;
