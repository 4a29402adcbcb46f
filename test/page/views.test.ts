import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { accessibilityProblems, expectVisible, hasBrowser, openPage } from '../support/browser.ts';
import { weatherTool } from '../support/conversation.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';

/** Threads and runs in several states. */
async function prepare(served: RunningServe) {
  const openai = sdkFor(served);
  const { id: echo } = await openai.beta.assistants.create({ model: 'gpt-4.1', name: 'Echo' });
  const { id: guide } = await openai.beta.assistants.create({
    model: 'gpt-4.1-mini',
    name: 'Guide',
    instructions: 'Be brief.',
    tools: [weatherTool],
  });
  const run = async (assistant_id: string, content: string) =>
    openai.beta.threads.createAndRunPoll({
      assistant_id,
      thread: { messages: [{ role: 'user', content }] },
    });
  const completed = await run(
    echo,
    'A **bold** question with `code`\n\n| a | b |\n|-|-|\n| 1 | 2 |',
  );
  const waiting = await run(guide, 'What is the weather in Oslo?');
  return { openai, echo, guide, completed, waiting };
}

/** Machines may be busy. */
const soon = { timeout: 20_000 };

const hostileTexts = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  '<svg onload="window.hacked = 1"><animate onbegin="window.hacked = 1"/></svg>',
  '[a link](javascript:window.hacked=1) [data](data:text/html,<script>window.hacked=1</script>)',
  '![image](https://attacker.example/pixel.png) <https://attacker.example>',
  '\u202Eevil\u202C \u2066hidden\u2069 \u0000\u0007 \ud800',
  '```html\n<script>window.hacked = 1</script>\n```',
  '<a href="https://attacker.example" onclick="window.hacked=1">click</a>',
  `${'# '.repeat(2000)}${'['.repeat(3000)}${'*'.repeat(3000)}`,
  '> '.repeat(3000),
  `${'> '.repeat(200)}deep`,
  'x'.repeat(250_000),
];

describe.skipIf(!hasBrowser)('views of the page', { timeout: 120_000 }, () => {
  test('show hostile texts as text', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    const name = '<script>window.hacked=1</script>';
    const { id: assistant_id } = await openai.beta.assistants.create({
      model: 'm',
      name,
      instructions: name,
    });
    const { id } = await openai.beta.threads.create({
      messages: hostileTexts.map((content) => ({ role: 'user', content })),
    });
    const run = await openai.beta.threads.runs.createAndPoll(id, { assistant_id });
    const page = await openPage(`${served.url}/#/threads/${id}/runs/${run.id}`);
    await page.getByText('Show all 250,000 characters').waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    // Far from the end, messages are not in the document before one scrolls there.
    await page.evaluate("document.querySelector('.conversation').scrollTo(0, 0)");
    await page.getByRole('link', { name: 'https://attacker.example' }).waitFor();
    await page.getByText('<script>window.hacked = 1</script>').first().waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    const links = await page.evaluate(
      "[...document.querySelectorAll('.content a')].map((link) => link.href)",
    );
    expect(links).toEqual(['https://attacker.example/pixel.png', 'https://attacker.example/']);
    expect(await page.locator('.content script, .content svg, .content iframe').count()).toBe(0);
    await page.goto(`${served.url}/#/assistants/${assistant_id}`);
    await page.getByLabel('Name').waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  test.each(['light', 'dark'] as const)(
    'have no accessibility problem, %s',
    async (colorScheme) => {
      const served = await startServe();
      const { waiting, completed, guide } = await prepare(served);
      const page = await openPage(served.url, { colorScheme, expectedErrors: /status of 404/u });
      const places = [
        ['#/threads', 'New thread'],
        [`#/threads/${completed.thread_id}/runs/${completed.id}`, 'writes a message'],
        [`#/threads/${waiting.thread_id}/runs/${waiting.id}`, 'Missing: get_weather'],
        [`#/assistants/${guide}`, 'Tools, as JSON'],
        ['#/runs', 'Tokens by model'],
        ['#/compare', 'Compare with…'],
        ['#/threads/thread_unknown', 'This thread does not exist'],
      ] as const;
      for (const [place, words] of places) {
        await page.goto(`${served.url}/${place}`);
        await page.getByText(words).first().waitFor({ state: 'attached' });
        expect([place, await accessibilityProblems(page)]).toEqual([place, []]);
      }
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(255, 255, 255)');
    },
  );

  test('can be used with the keyboard alone', async () => {
    const served = await startServe();
    await prepare(served);
    const page = await openPage(served.url);
    await page.getByText('What is the weather in Oslo?').waitFor();
    const focused = () => page.evaluate('document.activeElement.textContent');
    await page.keyboard.press('Tab');
    expect(await focused()).toContain('Skip to the content');
    await page.keyboard.press('j');
    expect(await focused()).toContain('What is the weather in Oslo?');
    await page.keyboard.press('j');
    expect(await focused()).toContain('A **bold** question');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    const output = page.getByRole('textbox', { name: 'Output' });
    await output.waitFor();
    await page.keyboard.press('Control+k');
    expect(await page.evaluate('document.activeElement.id')).toBe('search');
    for (let presses = 0; presses < 60; presses += 1) {
      if (
        (await page.evaluate('document.activeElement.closest(".outputs label") !== null')) === true
      )
        break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('snow');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('get_weather said: snow').waitFor();
  });

  test('filter and search threads, in the address too', async () => {
    const served = await startServe();
    const { guide } = await prepare(served);
    const page = await openPage(served.url);
    const items = page
      .getByRole('navigation', { name: 'Threads' })
      .getByRole('listitem')
      .getByRole('link');
    await expect.poll(() => items.count(), soon).toBe(2);
    await page.getByLabel('Search messages').fill('oslo');
    await expect.poll(() => items.count(), soon).toBe(1);
    expect(page.url()).toContain('search=oslo');
    await page.getByLabel('Search messages').fill('');
    await expect.poll(() => items.count(), soon).toBe(2);
    await page.getByLabel('Status').selectOption('completed');
    await expect
      .poll(() => items.allTextContents(), soon)
      .toEqual([expect.stringContaining('bold')]);
    await page.goto(`${served.url}/#/threads?assistant=${guide}`);
    await expect
      .poll(() => items.allTextContents(), soon)
      .toEqual([expect.stringContaining('Oslo')]);
  });

  test('sort and filter runs, and count them', async () => {
    const served = await startServe();
    const { completed, waiting } = await prepare(served);
    const page = await openPage(`${served.url}/#/runs`);
    const rows = page.locator('.runs-table tbody tr');
    await expect.poll(() => rows.count(), soon).toBe(2);
    await page.getByText('2 runs, 0 did not complete').first().waitFor();
    await page.getByRole('button', { name: 'Tokens' }).click();
    await expect.poll(() => rows.first().textContent(), soon).toContain('completed');
    await page.getByLabel('Status').selectOption('requires_action');
    await expect.poll(() => rows.count(), soon).toBe(1);
    await rows.getByRole('link').click();
    expect(page.url()).toContain(`${waiting.thread_id}/runs/${waiting.id}`);
    await page.goBack();
    await expect.poll(() => rows.count(), soon).toBe(1);
    expect(completed.status).toBe('completed');
  });

  test('create, change, try and delete an assistant', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    const page = await openPage(`${served.url}/#/assistants`);
    await page.getByRole('link', { name: 'New assistant' }).click();
    await page.getByLabel('Name').fill('Tutor');
    const tools = page.getByLabel('Tools, as JSON');
    await tools.fill('[{"type": "function", "function": {"name": "a b"}}]');
    await page.getByText(/^tools\[0\]\.function\.name/u).waitFor();
    expect(await page.getByRole('button', { name: 'Create' }).isDisabled()).toBe(true);
    await tools.fill(JSON.stringify([weatherTool]));
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor();
    await page.getByLabel('Instructions').fill('Explain.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved').waitFor();
    const { data } = await openai.beta.assistants.list();
    expect(data).toMatchObject([{ name: 'Tutor', instructions: 'Explain.' }]);
    expect(data[0]?.tools).toMatchObject([{ function: { name: 'get_weather' } }]);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No assistants yet.').waitFor();
  });

  test('compare two assistants side by side', async () => {
    const served = await startServe();
    const { echo, guide } = await prepare(served);
    const page = await openPage(`${served.url}/#/compare?a=${echo}&b=${guide}`);
    await page.getByLabel('Message', { exact: true }).fill('Hello both');
    await page.getByRole('button', { name: /^Send/u }).click();
    await page.getByText('you said: Hello both').waitFor();
    await page.getByRole('textbox', { name: 'Output' }).fill('rain');
    await page.getByRole('button', { name: 'Submit' }).click();
    await expectVisible(page.getByText('get_weather said: rain'));
  });

  test('show the call behind them, ready to run', async () => {
    const served = await startServe();
    const { completed } = await prepare(served);
    const page = await openPage(`${served.url}/#/threads/${completed.thread_id}`);
    const log = page.getByRole('log');
    await log.getByText('Show as code').click();
    const url = `${served.url}/v1/threads/${completed.thread_id}/messages`;
    await log.getByText(`curl -s '${url}'`).waitFor();
    await log.getByRole('button', { name: 'Python' }).click();
    await expectVisible(
      log.getByText(`client.beta.threads.messages.list("${completed.thread_id}")`),
    );
  });

  test('export a thread that can be imported', async () => {
    const served = await startServe();
    const { completed } = await prepare(served);
    const page = await openPage(`${served.url}/#/threads/${completed.thread_id}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    const stream = await download.createReadStream();
    const objects = (await text(stream))
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(objects).toMatchObject([
      { object: 'thread', id: completed.thread_id },
      { object: 'thread.message', role: 'user' },
      { object: 'thread.message', role: 'assistant' },
      { object: 'thread.run', id: completed.id },
      { object: 'thread.run.step' },
    ]);
  });

  test.each([360, 900, 3840])('fit into a width of %s pixels', async (width) => {
    const served = await startServe();
    const { waiting, guide } = await prepare(served);
    const page = await openPage(served.url, { viewport: { width, height: 800 } });
    for (const place of [
      '#/threads',
      `#/threads/${waiting.thread_id}`,
      `#/threads/${waiting.thread_id}/runs/${waiting.id}`,
      '#/runs',
      `#/assistants/${guide}`,
      '#/compare',
    ]) {
      await page.goto(`${served.url}/${place}`);
      await page.getByRole('main').waitFor();
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect([place, Number(overflow) > 0]).toEqual([place, false]);
    }
  });
});
