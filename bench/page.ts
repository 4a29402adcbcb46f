// The page in Chromium (ASSISTANTS_TEST_CHROMIUM, /usr/bin/chromium by default): the time until it shows
// something and the bytes that it loads, beside a page with one sentence, and the frames while a thread
// of 10,000 messages is scrolled, beside a page of plain text. Exits with 1 if a limit is missed.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import * as z from 'zod';
import { chromiumPath } from '../test/support/chromium.ts';
import { startBuiltServe, stopChild } from './built-program.ts';
import { median } from './median.ts';

const rounds = 15;
const messageCount = 10_000;
const scrollMs = 5000;
/** A notch of a wheel; there is one in each frame, which is faster than a person turns it. */
const wheelStep = 100;
const maxPaintMs = 1000;
const maxBytes = 250_000;
/** A screen shows 60 frames a second; one that is missed takes twice as long. */
const slowFrameMs = 25;
const maxSlowShare = 0.05;

const viewport = { width: 1440, height: 900 };

const bareParagraphs = Array.from(
  { length: 3000 },
  (_, index) => `<p>Paragraph ${index} of a page without any script, to compare with.</p>`,
).join('');

/** A page with one sentence, and at /long one that can be scrolled. */
async function startBarePages() {
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>Bare</title>${url === '/long' ? bareParagraphs : 'Hello.'}`,
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}` };
}

/** A database with one thread. */
function fillDatabase(folder: string): string {
  const database = join(folder, 'page.db');
  const created_at = 1_790_000_000;
  const thread = { object: 'thread', id: 'thread_long', created_at, metadata: {} };
  const messages = Array.from({ length: messageCount }, (_, index) => ({
    object: 'thread.message',
    id: `msg_${index}`,
    thread_id: thread.id,
    created_at: created_at + index,
    role: index % 2 === 0 ? 'user' : 'assistant',
    assistant_id: null,
    run_id: null,
    metadata: {},
    attachments: [],
    content: [
      {
        type: 'text',
        text: {
          value: `Message **${index}** with a list:\n\n- one\n- two\n\nand \`code\`. ${'Some more words. '.repeat(index % 12)}`,
          annotations: [],
        },
      },
    ],
  }));
  const file = join(folder, 'page.jsonl');
  writeFileSync(file, [thread, ...messages].map((line) => `${JSON.stringify(line)}\n`).join(''));
  execFileSync(process.execPath, ['dist/cli.js', 'import', file, '--database', database], {
    stdio: ['ignore', 'inherit', 'ignore'],
  });
  return database;
}

interface Load {
  readonly paintMs: number;
  readonly bytes: number;
}

const paintTime = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
      if (name === 'first-contentful-paint') resolve(startTime);
    }
  }).observe({ type: 'paint', buffered: true });
})`;

/** Opens an address without anything cached, up to what `ready` waits for. */
async function load(
  browser: Browser,
  url: string,
  ready: (page: Page) => Promise<void>,
): Promise<Load> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  let bytes = 0;
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(url);
  await ready(page);
  const paintMs = z.number().parse(await page.evaluate(paintTime));
  await context.close();
  return { paintMs, bytes };
}

const collectFrames = `(() => {
  window.frameTimes = [];
  let last = performance.now();
  const next = (now) => {
    window.frameTimes.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})()`;

interface Frames {
  readonly perSecond: number;
  readonly slowShare: number;
  readonly longestMs: number;
  /** In the document at the end. */
  readonly elements: number;
}

/** Turns the wheel once a frame, and measures the frames. */
async function scroll(page: Page, direction: 1 | -1): Promise<Frames> {
  await page.mouse.move(viewport.width / 2, viewport.height / 2);
  await page.evaluate(collectFrames);
  const end = performance.now() + scrollMs;
  while (performance.now() < end) await page.mouse.wheel(0, direction * wheelStep);
  const times = z
    .array(z.number())
    .parse(await page.evaluate('window.frameTimes'))
    .slice(1);
  const total = times.reduce((sum, ms) => sum + ms, 0);
  return {
    perSecond: (times.length / total) * 1000,
    slowShare: times.filter((ms) => ms > slowFrameMs).length / times.length,
    longestMs: Math.max(...times),
    elements: z.number().parse(await page.evaluate('document.querySelectorAll("*").length')),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const bare = await startBarePages();
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
const { child, restURL } = await startBuiltServe({
  ASSISTANTS_DATABASE: fillDatabase(folder),
  ASSISTANTS_MODEL_API: 'scripted',
});
const url = `${new URL(restURL).origin}/`;

const describeLoad = (name: string, loads: readonly Load[]) =>
  `${name.padEnd(24)}${median(loads.map(({ paintMs }) => paintMs))
    .toFixed(0)
    .padStart(14)}${median(loads.map(({ bytes }) => bytes))
    .toFixed(0)
    .padStart(12)}`;

const describeFrames = (name: string, frames: Frames) =>
  [
    name.padEnd(24),
    frames.perSecond.toFixed(1).padStart(14),
    `${(frames.slowShare * 100).toFixed(1)} %`.padStart(16),
    frames.longestMs.toFixed(0).padStart(13),
    String(frames.elements).padStart(12),
  ].join('');

try {
  const loads: { page: Load[]; bare: Load[] } = { page: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    loads.bare.push(await load(browser, bare.url, () => Promise.resolve()));
    loads.page.push(
      await load(browser, url, (page) => page.getByText('Message **0**').first().waitFor()),
    );
  }
  console.log(`\n${browser.version()}, medians of ${rounds} loads each, nothing cached`);
  console.log('                        first paint, ms       bytes');
  console.log(describeLoad('the page', loads.page));
  console.log(describeLoad('a page with a sentence', loads.bare));
  const page = await browser.newPage({ viewport });
  await page.goto(`${url}#/threads/thread_long`);
  await page.getByText(`Message ${messageCount - 1}`).waitFor();
  const frames = await scroll(page, -1);
  await page.goto(`${bare.url}/long`);
  const bareFrames = await scroll(page, 1);
  console.log(`\nscrolled for ${scrollMs} ms`);
  console.log('                        frames per s   over 25 ms   longest, ms    elements');
  console.log(describeFrames(`${messageCount} messages`, frames));
  console.log(describeFrames('3,000 paragraphs', bareFrames));
  const paintMs = median(loads.page.map((one) => one.paintMs));
  const bytes = median(loads.page.map((one) => one.bytes));
  const isMissed =
    paintMs > maxPaintMs ||
    bytes > maxBytes ||
    frames.slowShare > bareFrames.slowShare + maxSlowShare;
  process.exitCode = isMissed ? 1 : 0;
} finally {
  await browser.close();
  await stopChild(child);
  bare.server.close();
  rmSync(folder, { recursive: true });
}
