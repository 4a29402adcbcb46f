// Import of many messages into a fresh database and their export, by the built program: how long it
// takes, and that memory does not grow with their number. Exits with 1 when a limit is missed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const few = 10_000;
const many = 100_000;
const perThread = 1000;
/** MiB that ten times the messages, 46 MiB of text, may take more. */
const maxGrowth = 24;

/** A small heap: in a large one V8 leaves garbage lying, and the peak says little about the program. */
const heap = ['--max-old-space-size=32', '--max-semi-space-size=1'];

/** Says at the end of a process how much memory it had at most, in KiB. */
const watch =
  "data:text/javascript,process.on('exit',()=>process.stderr.write(`maxRSS ${process.resourceUsage().maxRSS}`))";

interface Measure {
  readonly seconds: number;
  /** Peak resident memory in MiB. */
  readonly memory: number;
}

function* conversation(messages: number): Generator<string> {
  const created_at = 1_790_000_000;
  for (let index = 0; index < messages; index += 1) {
    const thread_id = `thread_${Math.floor(index / perThread)}`;
    if (index % perThread === 0) {
      yield `${JSON.stringify({ id: thread_id, object: 'thread', created_at })}\n`;
    }
    const value = `Message ${index}, as long as most. `.repeat(8);
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
  const begun = performance.now();
  const node = [...heap, '--import', watch, resolve('dist/cli.js')];
  const child = spawnSync(process.execPath, [...node, ...args], { encoding: 'utf8' });
  const seconds = (performance.now() - begun) / 1000;
  if (child.status !== 0) throw new Error(child.stderr);
  return { seconds, memory: Number(/maxRSS (\d+)/u.exec(child.stderr)?.[1]) / 1024 };
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Imports, exports, and imports and exports what came out. */
async function transfer(folder: string, messages: number) {
  const at = (name: string) => join(folder, `${messages}-${name}`);
  await pipeline(Readable.from(conversation(messages)), createWriteStream(at('in.jsonl')));
  const imported = run('import', at('in.jsonl'), '--database', at('a.db'));
  const exported = run('export', '--database', at('a.db'), '--output', at('a.jsonl'));
  run('import', at('a.jsonl'), '--database', at('b.db'));
  run('export', '--database', at('b.db'), '--output', at('b.jsonl'));
  const [one, other] = [await digest(at('a.jsonl')), await digest(at('b.jsonl'))];
  return { imported, exported, isSame: one === other, sha256: one };
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
try {
  const [small, large] = [await transfer(folder, few), await transfer(folder, many)];
  const row = (name: string, of: (result: typeof small) => Measure) => {
    const growth = of(large).memory - of(small).memory;
    console.log(
      `${name}  ${of(small).seconds.toFixed(2).padStart(9)}${of(large).seconds.toFixed(2).padStart(9)}${of(small).memory.toFixed(0).padStart(9)}${of(large).memory.toFixed(0).padStart(9)}   growth ${growth.toFixed(0)} (at most ${maxGrowth})`,
    );
    return growth <= maxGrowth;
  };
  console.log(`\nNode ${process.version}, ${few} and ${many} messages, once each`);
  console.log(`          seconds: ${few}   ${many}  MiB: ${few}   ${many}`);
  const isFlat = [
    row('import', (result) => result.imported),
    row('export', (result) => result.exported),
  ];
  const isSame = small.isSame && large.isSame;
  console.log(`round trip ${isSame ? 'identical' : 'DIFFERENT'}, sha256 ${large.sha256}`);
  process.exitCode = isSame && isFlat.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
