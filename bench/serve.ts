// What serve adds to a model call: one streamed run beside the same call made directly, and many
// short ones at once. Exits with 1 when a limit is missed.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import * as z from 'zod';
import { median } from './median.ts';
import { startUpstream } from './upstream.ts';

const logLine = z.object({ message: z.string(), rest: z.string().optional() });

const rounds = 60;
/** Calls of each kind before them: what is measured is a server at work, not one that has just started. */
const warmUp = 300;
/** Milliseconds. */
const [pause, maxOverhead] = [3, 5];
const [many, atOnce] = [1000, 16];

/** Milliseconds from the call to the first piece of text, and to the end. */
type Times = readonly [first: number, end: number];
type Call = () => Promise<Times>;

async function clocked(
  ask: () => Promise<AsyncIterable<{ type: string } | { event: string }>>,
  first: string,
): Promise<Times> {
  const begun = performance.now();
  let seen = Number.NaN;
  for await (const event of await ask()) {
    const name = 'type' in event ? event.type : event.event;
    if (Number.isNaN(seen) && name === first) seen = performance.now() - begun;
  }
  return [seen, performance.now() - begun];
}

function directly(openai: OpenAI): Call {
  const params = { model: 'bench', input: 'Hello.', stream: true } as const;
  return () => clocked(() => openai.responses.create(params), 'response.output_text.delta');
}

async function throughServe(openai: OpenAI): Promise<Call> {
  const { id: assistant_id } = await openai.beta.assistants.create({ model: 'bench' });
  const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };
  const params = { assistant_id, thread, stream: true } as const;
  return () => clocked(() => openai.beta.threads.createAndRun(params), 'thread.message.delta');
}

/** Starts the built program on a free port; resolves to the base URL that it logs. */
async function startServe(modelURL: string, database: string) {
  const env = { ...process.env, OPENAI_BASE_URL: modelURL, ASSISTANTS_DATABASE: database };
  const args = ['dist/cli.js', 'serve', '--port', '0'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    const { message, rest } = logLine.parse(JSON.parse(line));
    if (message === 'listening' && rest !== undefined) return { child, baseURL: rest };
  }
  throw new Error('serve did not start');
}

/** Makes `many` calls, `atOnce` at a time; resolves to milliseconds. */
async function batch(call: Call): Promise<number> {
  const begun = performance.now();
  let left = many;
  const lane = async () => {
    for (; left > 0; left -= 1) await call();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return performance.now() - begun;
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const upstream = await startUpstream();
const { child, baseURL } = await startServe(upstream.baseURL, join(folder, 'bench.db'));
const direct = directly(new OpenAI({ apiKey: 'sk-bench', baseURL: upstream.baseURL }));
const served = await throughServe(new OpenAI({ apiKey: 'sk-bench', baseURL }));
for (let round = 0; round < warmUp; round += 1) await Promise.all([direct(), served()]);

upstream.pause = pause;
const times: { direct: Times[]; served: Times[] } = { direct: [], served: [] };
for (let round = 0; round < rounds; round += 1) {
  times.direct.push(await direct());
  times.served.push(await served());
}
upstream.pause = 0;
const rawBatch = await batch(direct);
const runBatch = await batch(served);

const overheads = ([0, 1] as const).map((index) => {
  const [one, other] = [times.direct, times.served].map((all) =>
    median(all.map((time) => time[index])),
  );
  return { direct: one ?? Number.NaN, served: other ?? Number.NaN };
});
console.log(`Node ${process.version}, medians of ${rounds} calls each, in turn`);
console.log(`                            directly  through serve`);
for (const [index, name] of ['to the first delta, ms', 'to the end, ms'].entries()) {
  const { direct: one = Number.NaN, served: other = Number.NaN } = overheads[index] ?? {};
  console.log(
    `${name.padEnd(24)}${one.toFixed(1).padStart(12)}${other.toFixed(1).padStart(15)}   adds ${(other - one).toFixed(1)} (at most ${maxOverhead})`,
  );
}
console.log(
  `${`${many} at ${atOnce} at once, s`.padEnd(24)}${(rawBatch / 1000).toFixed(2).padStart(12)}${(runBatch / 1000).toFixed(2).padStart(15)}   ${((runBatch - rawBatch) / many).toFixed(2)} ms more for each`,
);
const ended = new Promise((resolve) => child.once('exit', resolve));
child.kill();
await ended;
upstream.close();
rmSync(folder, { recursive: true });
process.exitCode = overheads.every((one) => one.served - one.direct <= maxOverhead) ? 0 : 1;
