// How long a vector store needs to read 1,000 documents, and how the memory of the program and of the
// process that extracts text grows meanwhile. Exits with 1 if a file fails or the memory of `serve` grows
// between the first quarter and the last one. Option: --documents 1000.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import OpenAI, { toFile } from 'openai';
import { docx, paragraph, pdf, xlsx } from '../test/support/documents.ts';
import { startBuiltServe, stopChild } from './built-program.ts';
import { median } from './median.ts';
import { readCorpus, readQuestions } from './retrieval/corpus.ts';
import { residentMiB } from './session.ts';

const { values } = parseArgs({ options: { documents: { type: 'string', default: '1000' } } });
const documentCount = Number(values.documents);
const uploadsAtOnce = 8;
const pollMs = 250;
/** The collector of garbage may run late. */
const maxGrowth = 1.2;

const texts = readCorpus([...new Set(readQuestions().map(({ file }) => file))]).map(
  ({ text }) => text,
);

const escapeXml = (text: string) =>
  text.replaceAll(/[<>&]/gu, (sign) => `&#${sign.charCodeAt(0)};`);
const sentences = (text: string) => text.slice(0, 20_000).split(/(?<=[.!?])\s+/u);
const pdfText = (text: string) => text.replaceAll(/[^\w .,]/gu, ' ').slice(0, 60);

/** A document of each kind in turn, of real texts. */
function createDocument(index: number): readonly [name: string, bytes: Uint8Array | string] {
  const text = texts[index % texts.length] ?? '';
  const title = `Document ${index}\n\n`;
  switch (index % 5) {
    case 0:
      return [`${index}.md`, title + text];
    case 1:
      return [`${index}.html`, `<h1>${title}</h1><p>${escapeXml(text)}</p>`];
    case 2:
      return [
        `${index}.docx`,
        docx([title, ...sentences(text)].map((part) => paragraph(escapeXml(part))).join('')),
      ];
    case 3:
      return [
        `${index}.pdf`,
        pdf({ pages: sentences(title + text).map((part) => `(${pdfText(part)}) Tj`) }),
      ];
    default:
      return [
        `${index}.xlsx`,
        xlsx({
          rows: sentences(text)
            .map((part) => `<row><c t="inlineStr"><is><t>${escapeXml(part)}</t></is></c></row>`)
            .join(''),
        }),
      ];
  }
}

/** Resident memory in MiB of a process that may end at any time; 0 if it has. */
function extractorMiB(pid: string): number {
  try {
    return residentMiB(Number(pid)) || 0;
  } catch {
    return 0;
  }
}

/** The processes that a process has started. */
const childrenOf = (parent: number): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/u.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${parent}\n`);
    } catch {
      return false;
    }
  });

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const { child, restURL } = await startBuiltServe({
  ASSISTANTS_DATABASE: join(folder, 'bench.db'),
  ASSISTANTS_MODEL_API: 'scripted',
});
const pid = child.pid ?? 0;
const openai = new OpenAI({ baseURL: restURL, apiKey: 'none' });

async function upload(): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const uploadNext = async () => {
    while (next < documentCount) {
      const [name, bytes] = createDocument(next);
      next += 1;
      const file = await toFile(Buffer.from(bytes), name);
      ids.push((await openai.files.create({ file, purpose: 'assistants' })).id);
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, uploadNext));
  return ids;
}

try {
  const file_ids = await upload();
  const startedAt = performance.now();
  const { id } = await openai.vectorStores.create({ name: 'bench' });
  await openai.vectorStores.fileBatches.create(id, { file_ids });
  const samples: { readonly share: number; readonly own: number; readonly extractor: number }[] =
    [];
  let counts = (await openai.vectorStores.retrieve(id)).file_counts;
  while (counts.in_progress > 0) {
    await setTimeout(pollMs);
    counts = (await openai.vectorStores.retrieve(id)).file_counts;
    const share = 1 - counts.in_progress / documentCount;
    const extractors = childrenOf(pid).map((each) => extractorMiB(each));
    const extractor = extractors.reduce((sum, one) => sum + one, 0);
    samples.push({ share, own: residentMiB(pid), extractor });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const quarter = (from: number, to: number) =>
    samples.filter(({ share }) => share >= from && share <= to);
  const ownMiB = (some: typeof samples) => median(some.map(({ own }) => own));
  const [first, last] = [quarter(0, 0.25), quarter(0.75, 1)].map(ownMiB);
  const growth = (last ?? 0) / (first ?? 1);
  console.log(`\n${documentCount} documents (Markdown, HTML, Word, PDF, Excel), SQLite`);
  console.log(`read in ${seconds.toFixed(0)} s, ${(documentCount / seconds).toFixed(1)} a second`);
  console.log(`completed ${counts.completed}, failed ${counts.failed}`);
  console.log(
    `memory of serve, first and last quarter: ${first?.toFixed(0)} and ${last?.toFixed(0)} MiB (at most ${maxGrowth} times)`,
  );
  console.log(
    `memory of the extracting processes together: at most ${Math.max(...samples.map(({ extractor }) => extractor)).toFixed(0)} MiB`,
  );
  process.exitCode = counts.completed === documentCount && growth <= maxGrowth ? 0 : 1;
} finally {
  await stopChild(child);
  rmSync(folder, { recursive: true });
}
