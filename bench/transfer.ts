// How long the built program takes to import many messages into a new database and to export them,
// and whether its memory grows with their number. Exits with 1 if a limit is missed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const fewMessages = 10_000;
const manyMessages = 100_000;
const messagesPerThread = 1000;
/** The limit for how much more memory many messages, 46 MiB of text, take than few. */
const maxGrowthMiB = 24;

/** A small heap, because V8 collects garbage late in a large one, which hides what is in use. */
const heapOptions = ['--max-old-space-size=32', '--max-semi-space-size=1'];

/** A module that prints the peak memory of its process in KiB at the end. */
const memoryReporter =
  "data:text/javascript,process.on('exit',()=>process.stderr.write(`maxRSS ${process.resourceUsage().maxRSS}`))";

interface Measure {
  readonly seconds: number;
  /** Peak resident memory. */
  readonly memoryMiB: number;
}

function* conversation(messages: number): Generator<string> {
  const created_at = 1_790_000_000;
  for (let index = 0; index < messages; index += 1) {
    const thread_id = `thread_${Math.floor(index / messagesPerThread)}`;
    if (index % messagesPerThread === 0) {
      yield `${JSON.stringify({ id: thread_id, object: 'thread', created_at })}\n`;
    }
    const value = `Message ${index}, of usual length. `.repeat(8);
    const message = {
      id: `msg_${index}`,
      object: 'thread.message',
      created_at: created_at + index,
      thread_id,
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: { value, annotations: [] } }],
    };
    yield `${JSON.stringify(message)}\n`;
  }
}

function run(...args: readonly string[]): Measure {
  const startedAt = performance.now();
  const nodeArgs = [...heapOptions, '--import', memoryReporter, resolve('dist/cli.js')];
  const child = spawnSync(process.execPath, [...nodeArgs, ...args], { encoding: 'utf8' });
  const seconds = (performance.now() - startedAt) / 1000;
  if (child.status !== 0) throw new Error(child.stderr);
  return { seconds, memoryMiB: Number(/maxRSS (\d+)/u.exec(child.stderr)?.[1]) / 1024 };
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Imports and exports messages, then imports and exports the exported file. */
async function transfer(folder: string, messages: number) {
  const pathOf = (name: string) => join(folder, `${messages}-${name}`);
  await pipeline(Readable.from(conversation(messages)), createWriteStream(pathOf('in.jsonl')));
  const imported = run('import', pathOf('in.jsonl'), '--database', pathOf('a.db'));
  const exported = run('export', '--database', pathOf('a.db'), '--output', pathOf('a.jsonl'));
  run('import', pathOf('a.jsonl'), '--database', pathOf('b.db'));
  run('export', '--database', pathOf('b.db'), '--output', pathOf('b.jsonl'));
  const [sha256, secondSha256] = [await digest(pathOf('a.jsonl')), await digest(pathOf('b.jsonl'))];
  return { imported, exported, isSame: sha256 === secondSha256, sha256 };
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
try {
  const [small, large] = [
    await transfer(folder, fewMessages),
    await transfer(folder, manyMessages),
  ];
  const printRow = (name: string, ofFew: Measure, ofMany: Measure) => {
    const growth = ofMany.memoryMiB - ofFew.memoryMiB;
    console.log(
      `${name}  ${ofFew.seconds.toFixed(2).padStart(9)}${ofMany.seconds.toFixed(2).padStart(9)}${ofFew.memoryMiB.toFixed(0).padStart(9)}${ofMany.memoryMiB.toFixed(0).padStart(9)}   growth ${growth.toFixed(0)} (at most ${maxGrowthMiB})`,
    );
    return growth <= maxGrowthMiB;
  };
  console.log(`\nNode ${process.version}, ${fewMessages} and ${manyMessages} messages, once each`);
  console.log(
    `          seconds: ${fewMessages}   ${manyMessages}  MiB: ${fewMessages}   ${manyMessages}`,
  );
  const isWithinLimit = [
    printRow('import', small.imported, large.imported),
    printRow('export', small.exported, large.exported),
  ];
  const isSame = small.isSame && large.isSame;
  console.log(`round trip ${isSame ? 'identical' : 'DIFFERENT'}, sha256 ${large.sha256}`);
  process.exitCode = isSame && isWithinLimit.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
