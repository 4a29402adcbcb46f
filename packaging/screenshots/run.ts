// Takes the pictures of the documentation, docs/images/*.png, of the built program with sample data, in
// Chromium (ASSISTANTS_TEST_CHROMIUM, /usr/bin/chromium by default).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startBuiltServe, stopChild } from '../../bench/built-program.ts';
import { callHost, connectHost, hostResponse, showApp } from '../../test/support/app-host/host.ts';
import { chromiumPath } from '../../test/support/chromium.ts';
import { now } from './conversation.ts';
import { sample } from './sample.ts';

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  /** Opens what the picture is to show. */
  readonly open: (page: Page, origin: string) => Promise<void>;
}

const openCall = (page: Pick<Page, 'getByRole'>) =>
  page.getByRole('button', { name: /get_weather/u }).click();

/** Shows the app beside the result of `get_run`, as a host does. */
async function openApp(page: Page, origin: string): Promise<void> {
  await page.route('https://host.invalid/**', async (route) => {
    const response = await hostResponse(route.request().url());
    const headers = Object.fromEntries(response.headers);
    await route.fulfill({ status: 200, headers, body: await response.text() });
  });
  await page.goto('https://host.invalid/');
  const client = new Client({ name: 'screenshots', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${origin}/mcp`)));
  await connectHost(page, client, () => {});
  const args = { thread_id: 'thread_lisbon', run_id: 'run_lisbon' };
  const app = await showApp(page, client, args, { context: { theme: 'light' } });
  await callHost(page, 'sendResult', await client.callTool({ name: 'get_run', arguments: args }));
  await openCall(app);
  // The host gives the frame the height that the app reports.
  await app.waitForFunction('document.documentElement.scrollHeight <= innerHeight');
  await client.close();
}

const pictures: readonly Picture[] = [
  {
    name: 'page-thread',
    width: 1440,
    height: 820,
    colorScheme: 'light',
    open: async (page, origin) => {
      await page.goto(`${origin}/#/threads/thread_lisbon/runs/run_lisbon`);
      await openCall(page);
    },
  },
  {
    name: 'page-runs',
    width: 1200,
    height: 700,
    colorScheme: 'dark',
    open: async (page, origin) => {
      await page.goto(`${origin}/#/runs`);
      await page.getByText('Tokens by model').first().waitFor();
    },
  },
  {
    name: 'page-narrow',
    width: 390,
    height: 760,
    colorScheme: 'light',
    open: async (page, origin) => {
      await page.goto(`${origin}/#/threads/thread_lisbon`);
      await page.getByText('a light rain jacket').waitFor();
    },
  },
  { name: 'app-in-host', width: 900, height: 720, colorScheme: 'light', open: openApp },
];

/** Starts `serve` on a database with the sample. */
async function startSample(folder: string) {
  const database = join(folder, 'sample.db');
  const file = join(folder, 'sample.jsonl');
  writeFileSync(file, sample.map((object) => `${JSON.stringify(object)}\n`).join(''));
  execFileSync(process.execPath, ['dist/cli.js', 'import', file, '--database', database], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  return startBuiltServe({ ASSISTANTS_DATABASE: database, ASSISTANTS_MODEL_API: 'scripted' });
}

async function takePicture(browser: Browser, picture: Picture, origin: string): Promise<void> {
  const { name, width, height, colorScheme, open } = picture;
  const viewport = { width, height };
  const page = await browser.newPage({ viewport, colorScheme, timezoneId: 'UTC', locale: 'en-GB' });
  await page.clock.setFixedTime(now * 1000);
  await open(page, origin);
  const path = `docs/images/${name}.png`;
  await page.screenshot({ path, animations: 'disabled' });
  await page.close();
  console.log(path);
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-screenshots-'));
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
const { child, restURL } = await startSample(folder);
try {
  for (const picture of pictures) await takePicture(browser, picture, new URL(restURL).origin);
} finally {
  await browser.close();
  await stopChild(child);
  rmSync(folder, { recursive: true });
}
