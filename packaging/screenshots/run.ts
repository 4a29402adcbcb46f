// Takes the pictures of the documentation, docs/images/*.png, of the built program with sample data, in
// Chromium (ASSISTANTS_TEST_CHROMIUM, /usr/bin/chromium by default).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { startBuiltServe, stopChild } from '../../bench/built-program.ts';
import { now } from './conversation.ts';
import { sample } from './sample.ts';

const executablePath = process.env['ASSISTANTS_TEST_CHROMIUM'] ?? '/usr/bin/chromium';

interface Picture {
  readonly name: string;
  readonly place: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  /** Makes visible what the picture is to show. */
  readonly prepare: (page: Page) => Promise<void>;
}

const openCall = (page: Page) => page.getByRole('button', { name: /get_weather/u }).click();

const pictures: readonly Picture[] = [
  {
    name: 'page-thread',
    place: '#/threads/thread_lisbon/runs/run_lisbon',
    width: 1440,
    height: 820,
    colorScheme: 'light',
    prepare: openCall,
  },
  {
    name: 'page-runs',
    place: '#/runs',
    width: 1200,
    height: 700,
    colorScheme: 'dark',
    prepare: (page) => page.getByText('Tokens by model').first().waitFor(),
  },
  {
    name: 'page-narrow',
    place: '#/threads/thread_lisbon',
    width: 390,
    height: 760,
    colorScheme: 'light',
    prepare: (page) => page.getByText('a light rain jacket').waitFor(),
  },
];

/** A free port is chosen by the program; resolves to its address. */
async function startSample(folder: string) {
  const database = join(folder, 'sample.db');
  const file = join(folder, 'sample.jsonl');
  writeFileSync(file, sample.map((object) => `${JSON.stringify(object)}\n`).join(''));
  execFileSync(process.execPath, ['dist/cli.js', 'import', file, '--database', database], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  return startBuiltServe({ ASSISTANTS_DATABASE: database, ASSISTANTS_MODEL_API: 'scripted' });
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-screenshots-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const { child, restURL } = await startSample(folder);
try {
  for (const { name, place, width, height, colorScheme, prepare } of pictures) {
    const viewport = { width, height };
    const page = await browser.newPage({
      viewport,
      colorScheme,
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    await page.clock.setFixedTime(now * 1000);
    await page.goto(`${new URL(restURL).origin}/${place}`);
    await prepare(page);
    await page.screenshot({ path: `docs/images/${name}.png`, animations: 'disabled' });
    await page.close();
    console.log(`docs/images/${name}.png`);
  }
} finally {
  await browser.close();
  await stopChild(child);
  rmSync(folder, { recursive: true });
}
