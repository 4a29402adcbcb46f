import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import * as z from 'zod';
import { chromiumPath } from './chromium.ts';

/** The tests of the page are skipped where there is no Chromium. */
export const hasBrowser = existsSync(chromiumPath);

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Promise<Browser> | undefined;

/** One browser for the tests of a file; it ends with their process. */
const openBrowser = () => (browser ??= chromium.launch({ executablePath: chromiumPath, args }));

export interface OpenOptions extends BrowserContextOptions {
  /** Errors of the page that the test brings about. */
  readonly expectedErrors?: RegExp;
}

/** Reports violations of the content security policy as errors. */
const reportViolations = `addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI));`;

/**
 * Opens a page in a new session of the browser. When the test ends, fails it for errors in the page's
 * console, for violations of its policy and for requests to another host.
 */
export async function openPage(url: string, options: OpenOptions = {}): Promise<Page> {
  const { expectedErrors, ...context } = options;
  const session = await (
    await openBrowser()
  ).newContext({
    viewport: { width: 1440, height: 900 },
    ...context,
  });
  const problems: string[] = [];
  const page = await session.newPage();
  const { origin } = new URL(url);
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    const target = request.url();
    const isOwn = [`${origin}/`, `blob:${origin}/`, 'data:'].some((start) =>
      target.startsWith(start),
    );
    if (!isOwn) problems.push(`a request to ${target}`);
  });
  await page.addInitScript(reportViolations);
  await page.goto(url);
  onTestFinished(async () => {
    await session.close();
    const unexpected = problems.filter((problem) => expectedErrors?.test(problem) !== true);
    expect(unexpected).toEqual([]);
  });
  return page;
}

/** Waits until an element is there and visible; rejects when it does not come. */
export const expectVisible = (locator: Locator): Promise<void> => locator.waitFor();

const violations = z.array(
  z.looseObject({ id: z.string(), nodes: z.array(z.looseObject({ html: z.string() })) }),
);

/** What axe-core finds wrong with the accessibility of the page, as it is now. */
export async function accessibilityProblems(page: Pick<Page, 'evaluate'>): Promise<string[]> {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  // Evaluated by the debugger, to which the page's policy does not apply.
  await page.evaluate(await readFile(path, 'utf8'));
  const result: unknown = await page.evaluate('axe.run().then((result) => result.violations)');
  return violations
    .parse(result)
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const readPixels = `async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}`;

/**
 * The share of the pixels of two pictures that differ by more than smoothing does; 1 if their sizes
 * differ. The page does the work.
 */
export async function differentPixels(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const images = JSON.stringify([one, other].map((image) => image.toString('base64')));
  const share: unknown = await page.evaluate(`Promise.all(${images}.map(${readPixels})).then(
    ([one, other]) => {
      if (one.width !== other.width || one.height !== other.height) return 1;
      let count = 0;
      for (let index = 0; index < one.data.length; index += 4) {
        const differences = [0, 1, 2].map((part) =>
          Math.abs(one.data[index + part] - other.data[index + part]));
        if (Math.max(...differences) > 40) count += 1;
      }
      return count / (one.width * one.height);
    })`);
  return z.number().parse(share);
}
