// The program of the process that extractor.ts starts. It reads files from its standard input, and
// writes their chunks to file descriptor 3. Its permissions allow neither files nor other programs.
import { readSync, writeSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import type { Chunk } from '../chunking.ts';
import { ExtractionError } from './extraction-error.ts';
import { type FileHeader, readFrames, toJsonFrame } from './frames.ts';
import { guardProcess, ignoreSignals } from './process-guard.ts';

const input = 0;
const output = 3;
const pieceBytes = 65_536;

/** The standard input, until it ends because the other process has. */
function* readInput(): Generator<Uint8Array> {
  for (;;) {
    const piece = new Uint8Array(pieceBytes);
    const length = readSync(input, piece);
    if (length === 0) return;
    yield piece.subarray(0, length);
  }
}

function send(frame: Uint8Array): void {
  for (let sent = 0; sent < frame.length;) sent += writeSync(output, frame, sent);
}

/** Characters of the chunks that are sent together. */
const batchLength = 65_536;

async function extract(bytes: Uint8Array, { filename, chunking }: FileHeader): Promise<void> {
  const { readFile } = await import('./read-file.ts');
  const { chunkSections } = await import('../chunking.ts');
  const { countTokensHere, forgetWords } = await import('../../prompt/tokens.ts');
  let batch: Chunk[] = [];
  let length = 0;
  for await (const chunk of chunkSections(readFile(bytes, filename), chunking, countTokensHere)) {
    batch.push(chunk);
    length += chunk.text.length;
    if (length < batchLength) continue;
    send(toJsonFrame({ chunks: batch }));
    batch = [];
    length = 0;
  }
  if (batch.length > 0) send(toJsonFrame({ chunks: batch }));
  forgetWords();
}

/** Answers one file. What a parser throws is only about its file. */
async function answer(bytes: Uint8Array, header: FileHeader): Promise<void> {
  try {
    await extract(bytes, header);
    send(toJsonFrame({ done: true }));
  } catch (error) {
    const { code, message } =
      error instanceof ExtractionError
        ? error
        : new ExtractionError('invalid_file', 'The file could not be parsed.');
    send(toJsonFrame({ error: { code, message } }));
  }
}

async function main(guard: Worker): Promise<void> {
  const frames = readFrames(readInput());
  for (;;) {
    const { value: first } = await frames.next();
    if (first === undefined) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other process wrote it
    const header = JSON.parse(first.toString()) as FileHeader;
    const content = new Uint8Array(header.bytes);
    for (let received = 0; received < header.bytes;) {
      const { value: piece } = await frames.next();
      if (piece === undefined) return;
      content.set(piece, received);
      received += piece.length;
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    guard.postMessage('next file');
    await answer(content, header);
  }
}

if (isMainThread) {
  ignoreSignals();
  const guard = new Worker(new URL(import.meta.url));
  guard.unref();
  await main(guard);
  await guard.terminate();
} else {
  guardProcess();
}
