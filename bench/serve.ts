// What `serve` adds to a model call: a streamed run compared with the same call made directly, and
// many short ones concurrently. Exits with 1 if a limit is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { startBuiltServe, stopChild } from './built-program.ts';
import { median } from './median.ts';
import { startUpstream } from './upstream.ts';

const rounds = 60;
/** Calls of each kind before the measurement, so that the server has warmed up. */
const warmUpCalls = 300;
const eventPauseMs = 3;
const maxOverheadMs = 5;
const batchCalls = 1000;
const batchConcurrency = 16;

/** Milliseconds from the call to the first text delta, and to the end. */
type Times = readonly [firstDeltaMs: number, endMs: number];
type Call = () => Promise<Times>;

async function measure(
  send: () => Promise<AsyncIterable<{ type: string } | { event: string }>>,
  deltaName: string,
): Promise<Times> {
  const startedAt = performance.now();
  let firstDeltaMs = Number.NaN;
  for await (const event of await send()) {
    const name = 'type' in event ? event.type : event.event;
    if (Number.isNaN(firstDeltaMs) && name === deltaName) {
      firstDeltaMs = performance.now() - startedAt;
    }
  }
  return [firstDeltaMs, performance.now() - startedAt];
}

function directCall(openai: OpenAI): Call {
  const params = { model: 'bench', input: 'Hello.', stream: true } as const;
  return () => measure(() => openai.responses.create(params), 'response.output_text.delta');
}

async function serveCall(openai: OpenAI): Promise<Call> {
  const { id: assistant_id } = await openai.beta.assistants.create({ model: 'bench' });
  const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };
  const params = { assistant_id, thread, stream: true } as const;
  return () => measure(() => openai.beta.threads.createAndRun(params), 'thread.message.delta');
}

/** Makes `batchCalls` calls, `batchConcurrency` at once; resolves to milliseconds. */
async function measureBatch(call: Call): Promise<number> {
  const startedAt = performance.now();
  let remaining = batchCalls;
  const makeCalls = async () => {
    for (; remaining > 0; remaining -= 1) await call();
  };
  await Promise.all(Array.from({ length: batchConcurrency }, makeCalls));
  return performance.now() - startedAt;
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const upstream = await startUpstream();
const { child, restURL: baseURL } = await startBuiltServe({
  OPENAI_BASE_URL: upstream.baseURL,
  ASSISTANTS_DATABASE: join(folder, 'bench.db'),
});
const direct = directCall(new OpenAI({ apiKey: 'sk-bench', baseURL: upstream.baseURL }));
const served = await serveCall(new OpenAI({ apiKey: 'sk-bench', baseURL }));
for (let round = 0; round < warmUpCalls; round += 1) await Promise.all([direct(), served()]);

upstream.pauseMs = eventPauseMs;
const times: { direct: Times[]; served: Times[] } = { direct: [], served: [] };
for (let round = 0; round < rounds; round += 1) {
  times.direct.push(await direct());
  times.served.push(await served());
}
upstream.pauseMs = 0;
const directBatchMs = await measureBatch(direct);
const servedBatchMs = await measureBatch(served);

const medians = ([0, 1] as const).map((index) => ({
  directMs: median(times.direct.map((time) => time[index])),
  servedMs: median(times.served.map((time) => time[index])),
}));
console.log(`Node ${process.version}, medians of ${rounds} alternating calls each`);
console.log(`                            directly  through serve`);
for (const [index, name] of ['to the first delta, ms', 'to the end, ms'].entries()) {
  const { directMs = Number.NaN, servedMs = Number.NaN } = medians[index] ?? {};
  console.log(
    `${name.padEnd(24)}${directMs.toFixed(1).padStart(12)}${servedMs.toFixed(1).padStart(15)}   adds ${(servedMs - directMs).toFixed(1)} (at most ${maxOverheadMs})`,
  );
}
console.log(
  `${`${batchCalls}, ${batchConcurrency} at once, s`.padEnd(24)}${(directBatchMs / 1000).toFixed(2).padStart(12)}${(servedBatchMs / 1000).toFixed(2).padStart(15)}   adds ${((servedBatchMs - directBatchMs) / batchCalls).toFixed(2)} ms per call`,
);
await stopChild(child);
upstream.close();
rmSync(folder, { recursive: true });
const isWithinLimit = medians.every(
  ({ directMs, servedMs }) => servedMs - directMs <= maxOverheadMs,
);
process.exitCode = isWithinLimit ? 0 : 1;
