import { describe, expect, test } from 'vitest';
import { hasBrowser, openPage } from '../support/browser.ts';
import { sdkFor, startServe } from '../support/serve.ts';

/** A thousand messages, numbered from `start`. */
const numbered = (start: number) =>
  Array.from({ length: 1000 }, (_, index) => ({
    role: 'user' as const,
    content: `Message ${start + index}.`,
  }));

describe.skipIf(!hasBrowser)('long lists in the browser', { timeout: 120_000 }, () => {
  test('load a long list of threads as it is scrolled', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    await openai.beta.assistants.create({ model: 'm' });
    for (let number = 1; number <= 75; number += 1) {
      await openai.beta.threads.create({
        messages: [{ role: 'user', content: `Thread ${number}.` }],
      });
    }
    const page = await openPage(served.url);
    await page.getByText('Thread 75.').waitFor();
    expect(await page.getByText('Thread 1.', { exact: true }).count()).toBe(0);
    for (const number of [46, 16, 1]) {
      const item = page.getByText(`Thread ${number}.`, { exact: true });
      await item.waitFor({ state: 'attached' });
      await item.scrollIntoViewIfNeeded();
    }
    expect(await page.locator('.thread-item').count()).toBe(75);
  });

  test('keep a small part of a thread of 10,000 messages in the document', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    const { id: assistant_id } = await openai.beta.assistants.create({ model: 'm' });
    const { id } = await openai.beta.threads.create({ messages: numbered(0) });
    for (let start = 1000; start < 10_000; start += 1000) {
      const additional_messages = numbered(start);
      await openai.beta.threads.runs.createAndPoll(id, { assistant_id, additional_messages });
    }
    const page = await openPage(`${served.url}/#/threads/${id}`);
    await page.getByText('you said: Message 9999.').waitFor();
    const articles = page.getByRole('article');
    expect(await articles.count()).toBeLessThan(100);
    const oldest = async () => {
      await page.evaluate("document.querySelector('.conversation').scrollTop = 0");
      const shown = await articles.first().textContent();
      return Number(/Message (\d+)\./u.exec(shown ?? '')?.[1]);
    };
    await expect.poll(oldest, { timeout: 60_000 }).toBeLessThan(9400);
    expect(await articles.count()).toBeLessThan(300);
    await page.evaluate("document.querySelector('.conversation').scrollTop = 1e9");
    await page.getByText('you said: Message 9999.').waitFor();
    expect(await articles.count()).toBeLessThan(200);
  });
});
