import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { assistant, completedRun, question, thread, toolStep } from '../../support/examples.ts';
import { allObjects, type Dump, messageShapes, wholeShapes } from '../../support/import-shapes.ts';
import { createStore, objectsIn } from '../../support/transfer.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 12 });
const message = fc.record({
  role: fc.constantFrom('user', 'assistant'),
  value: fc.oneof(anyText, fc.constantFrom('{"a": [', "It's", '"', 'a\nb', '\\', ']}', 'x: y')),
  seconds: fc.integer({ min: 0, max: 3 }),
});

/** Databases with up to three threads, whose ids are their numbers. */
const anyDump: fc.Arbitrary<Dump> = fc
  .array(fc.array(message, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  .map((threads) => {
    const parents = threads.map((_, index) => ({ thread_id: `thread_${index}` }));
    return {
      assistants: [assistant],
      threads: parents.map(({ thread_id }) => ({ ...thread, id: thread_id })),
      messages: threads.flatMap((messages, index) =>
        messages.map(({ role, value, seconds }, number) => ({
          ...question,
          ...parents[index],
          id: `msg_${index}_${number}`,
          role,
          created_at: 1_790_000_000 + 10 * number + seconds,
          content: [{ type: 'text', text: { value, annotations: [] } }],
        })),
      ),
      runs: parents.map((parent, index) => ({ ...completedRun, ...parent, id: `run_${index}` })),
      steps: parents.map((parent, index) => ({
        ...toolStep,
        ...parent,
        id: `step_${index}`,
        run_id: `run_${index}`,
      })),
    };
  });

const anyFile = fc.tuple(
  anyDump,
  fc.oneof(
    fc.constantFrom(...Object.values(wholeShapes)).map((write) => (dump: Dump) => ({
      content: write(dump),
      ids: allObjects(dump).map(({ id }) => String(id)),
    })),
    fc.constantFrom(...Object.values(messageShapes)).map((write) => (dump: Dump) => ({
      content: write(dump.messages),
      ids: [...dump.threads, ...dump.messages].map(({ id }) => String(id)),
    })),
  ),
  fc.constantFrom(
    (content: string) => Buffer.from(content),
    (content: string) => Buffer.from(`\uFEFF${content}`, 'utf16le'),
    (content: string) => gzipSync(content),
  ),
);

const contentOf = (objects: readonly object[]) =>
  objects.map((object) =>
    JSON.stringify([Reflect.get(object, 'id'), Reflect.get(object, 'content')]),
  );

const idsIn = (stdout: string): string[] => objectsIn(stdout).map(({ id }) => String(id));

test('imports a file of any shape and encoding with all its objects and texts', async () => {
  await fc.assert(
    fc.asyncProperty(anyFile, async ([dump, write, encode]) => {
      const store = createStore();
      const { content, ids } = write(dump);
      const { code, stderr } = await store.importText(encode(content));
      expect([code, stderr]).toEqual([0, expect.stringContaining('Imported ')]);
      const { stdout } = await store.exportAll();
      expect(idsIn(stdout).toSorted()).toEqual(ids.toSorted());
      const messages = objectsIn(stdout).filter(({ object }) => object === 'thread.message');
      expect(contentOf(messages).toSorted()).toEqual(contentOf(dump.messages).toSorted());
    }),
    { numRuns: 60 },
  );
});

interface Damage {
  readonly kind: 'cut' | 'insert' | 'replace';
  /** Where, as a part of the length. */
  readonly at: number;
  readonly piece: readonly [from: string, to: string];
}

/** Damage that makes most files invalid. */
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'replace'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  piece: fc.constantFrom(
    ['assistant', 'robot'] as const,
    ['"text"', '"audio"'] as const,
    ['thread_0', ''] as const,
    ['created_at', '"'] as const,
    ['17900', 'x'] as const,
    ['completed', '}'] as const,
    [',', '\\'] as const,
    [':', '\u0000'] as const,
    ['{', ']'] as const,
    ['(', "'"] as const,
    ['\n', '7\n'] as const,
  ),
});

/** A text that ends early, has something in it that does not belong there, or in place of something. */
function damaged(content: string, { kind, at, piece: [from, to] }: Damage): string {
  const index = Math.floor(at * content.length);
  const start = content.slice(0, index);
  if (kind === 'cut') return start;
  const rest = content.slice(index);
  return start + (kind === 'insert' ? to + rest : rest.replace(from, to));
}

const rejection = /^in\.jsonl:\d+: .+\nNothing of it was imported\.\n$/su;
const counted = /(\d+) (?:assistant|thread|message|run step|run)s?\b/gu;

test('never imports half of a damaged file, and names a line where it is damaged', async () => {
  let rejected = 0;
  await fc.assert(
    fc.asyncProperty(anyFile, damage, async ([dump, write, encode], change) => {
      const store = createStore();
      const text = damaged(write(dump).content, change);
      const { code, stderr } = await store.importText(encode(text));
      const { stdout } = await store.exportAll();
      const isImported = code === 0;
      rejected += code;
      const [summary = ''] = stderr.split('\n');
      const counts = [...summary.matchAll(counted)].map(([, count]) => Number(count));
      const total = isImported ? counts.reduce((sum, count) => sum + count, 0) : 0;
      expect(idsIn(stdout)).toHaveLength(total);
      expect(stderr).toMatch(isImported ? /^Imported / : rejection);
      const line = Number(/^in\.jsonl:(\d+)/u.exec(stderr)?.[1] ?? 0);
      expect(line).toBeLessThanOrEqual(text.split('\n').length);
    }),
    { numRuns: 120 },
  );
  expect(rejected).toBeGreaterThan(40);
});
