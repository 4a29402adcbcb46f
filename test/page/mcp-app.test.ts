import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type AppHost, openAppHost, openHttpAppHost } from '../support/app-host.ts';
import {
  accessibilityProblems,
  differentPixels,
  expectVisible,
  hasBrowser,
  openPage,
} from '../support/browser.ts';
import { weatherTool } from '../support/conversation.ts';
import { startServe } from '../support/serve.ts';

const withId = z.looseObject({ id: z.string() });
const runResult = z.object({
  structuredContent: z.looseObject({ id: z.string(), thread_id: z.string(), status: z.string() }),
});

async function createAssistant(host: AppHost, tools: readonly object[] = [weatherTool]) {
  const result = await host.call('create_assistant', { model: 'gpt-4.1-mini', tools });
  return withId.parse(result.structuredContent).id;
}

/** Starts a conversation as a model does, and shows the app beside the call. */
async function startRun(host: AppHost, question = 'What is the weather in Oslo?') {
  const assistant_id = await createAssistant(host);
  const args = { assistant_id, thread: { messages: [{ role: 'user', content: question }] } };
  const app = await host.show(args);
  const result = await host.call('create_thread_and_run', { ...args, wait_seconds: 20 });
  const { structuredContent: run } = runResult.parse(result);
  await host.send(result);
  return { app, result, run, assistant_id };
}

const firstCall = z.object({
  structuredContent: z.object({
    required_action: z.object({
      submit_tool_outputs: z.object({ tool_calls: z.tuple([withId]) }),
    }),
  }),
});

describe.skipIf(!hasBrowser)('the app inside a host', { timeout: 120_000 }, () => {
  test('shows a run that waits, and how it goes on when the model answers', async () => {
    const host = await openAppHost();
    const { app, result, run } = await startRun(host);
    await app.getByText('What is the weather in Oslo?').waitFor();
    await app.getByText('needs action').waitFor();
    await app.getByRole('button', { name: /get_weather/u }).click();
    await app.getByText('No output yet').waitFor();
    const { id } =
      firstCall.parse(result).structuredContent.required_action.submit_tool_outputs.tool_calls[0];
    await host.call('submit_tool_outputs', {
      thread_id: run.thread_id,
      run_id: run.id,
      tool_outputs: [{ tool_call_id: id, output: 'snow' }],
      wait_seconds: 20,
    });
    await host.page.clock.fastForward(5000);
    await app.getByText('get_weather said: snow').waitFor();
    await expectVisible(app.locator('.status-completed'));
  });

  test('lets the person answer, and tells the model', async () => {
    const host = await openAppHost();
    const { app, run } = await startRun(host);
    await app.getByText('Answer the function calls yourself').click();
    await app.getByRole('textbox', { name: 'Output' }).fill('rain');
    await app.getByRole('button', { name: 'Submit' }).click();
    await app.getByText('get_weather said: rain').waitFor();
    const text = `In the app, the person submitted the tool outputs of the run ${run.id}.`;
    await expect.poll(() => host.reports).toContainEqual(['model', [{ type: 'text', text }]]);
  });

  test('lets the person cancel', async () => {
    const host = await openAppHost();
    const { app } = await startRun(host);
    await app.getByRole('button', { name: 'Cancel the run' }).click();
    await app.locator('.status-cancelled').waitFor();
    expect(await app.getByRole('button', { name: 'Cancel the run' }).count()).toBe(0);
    expect(await app.getByText('Answer the function calls yourself').count()).toBe(0);
  });

  test('says why an action of the person failed', async () => {
    const host = await openAppHost();
    const { app, run } = await startRun(host);
    await app.getByText('Answer the function calls yourself').click();
    await app.getByRole('textbox', { name: 'Output' }).fill('rain');
    await host.call('cancel_run', { thread_id: run.thread_id, run_id: run.id });
    await app.getByRole('button', { name: 'Submit' }).click();
    await expectVisible(app.getByText(/do not accept tool outputs/u));
    expect(host.reports.filter(([name]) => name === 'model')).toEqual([]);
  });

  test('has no controls that change something where the server lists no tools for it', async () => {
    const host = await openAppHost(['--exclude-tools', 'cancel_run,submit_tool_outputs']);
    const { app } = await startRun(host);
    await app.getByText('needs action').waitFor();
    expect(await app.getByRole('button', { name: 'Cancel the run' }).count()).toBe(0);
    expect(await app.getByText('Answer the function calls yourself').count()).toBe(0);
  });

  test('shows what the result says in a host where apps cannot call tools', async () => {
    const host = await openAppHost();
    const assistant_id = await createAssistant(host, []);
    const thread = { messages: [{ role: 'user', content: 'Hello' }] };
    const args = { assistant_id, thread, wait_seconds: 20 };
    const app = await host.show(args, { capabilities: {} });
    await host.send(await host.call('create_thread_and_run', args));
    await app.getByText('The run is completed.').waitFor();
    await app.getByText('you said: Hello').waitFor();
    expect(host.reports.filter(([name]) => name === 'call')).toEqual([]);
  });

  test('finds the run in the text of a result without structured content', async () => {
    const host = await openAppHost();
    const assistant_id = await createAssistant(host);
    const thread = { messages: [{ role: 'user', content: 'What is the weather in Oslo?' }] };
    const args = { assistant_id, thread, wait_seconds: 20 };
    const app = await host.show(args);
    const { content } = await host.call('create_thread_and_run', args);
    await host.send({ content });
    await expectVisible(app.getByText('needs action'));
  });

  test('shows an error, and a cancelled call', async () => {
    const host = await openAppHost();
    const args = { thread_id: 'thread_a', run_id: 'run_b' };
    const app = await host.show(args);
    await host.send(await host.call('get_run', args));
    await app.getByText("No thread found with id 'thread_a'.").waitFor();
    await host.tell('cancel');
    await expectVisible(app.getByText('The call was cancelled.'));
  });

  test('says that a run is gone, and reads it no longer', async () => {
    const host = await openAppHost();
    const { app, run } = await startRun(host);
    await app.getByText('needs action').waitFor();
    await host.call('delete_thread', { thread_id: run.thread_id });
    await host.page.clock.fastForward(10_000);
    await app.getByText('No thread found').waitFor();
    const calls = () => host.reports.filter(([name]) => name === 'call').length;
    const before = calls();
    await host.page.clock.runFor(60_000);
    expect(calls()).toBe(before);
  });

  test('takes the look of its host, also when it changes', async () => {
    const host = await openAppHost();
    const app = await host.show({}, { context: { theme: 'dark' } });
    const background = () => app.evaluate('getComputedStyle(document.body).backgroundColor');
    await expect.poll(background).toBe('rgb(20, 23, 28)');
    const variables = { '--color-background-primary': 'rgb(1, 2, 3)' };
    await host.tell('changeContext', { theme: 'light', styles: { variables } });
    await expect.poll(background).toBe('rgb(1, 2, 3)');
    expect(await app.evaluate('document.documentElement.dataset.theme')).toBe('light');
  });

  test('is as high as its content, and settles', async () => {
    const host = await openAppHost();
    const { app } = await startRun(host);
    await app.getByText('needs action').waitFor();
    const height = 'document.documentElement.scrollHeight';
    const fits = async () => (await app.evaluate(`${height} <= innerHeight + 1`)) === true;
    await expect.poll(fits).toBe(true);
    await app.getByText('Answer the function calls yourself').click();
    await expect.poll(fits).toBe(true);
    const heights = host.reports.filter(([name]) => name === 'height');
    expect(heights.length).toBeLessThan(10);
  });

  test('shows hostile texts as text, and opens links through the host', async () => {
    const host = await openAppHost();
    const { app } = await startRun(
      host,
      '</script><script>window.hacked = 1</script> <img src=x onerror="window.hacked = 1"> [site](https://site.example/a) [bad](javascript:window.hacked=1)',
    );
    await app.getByText('<script>window.hacked = 1</script>').first().waitFor();
    await app.getByRole('link', { name: 'site' }).first().click();
    await expect.poll(() => host.reports).toContainEqual(['link', 'https://site.example/a']);
    expect(await app.evaluate('window.hacked')).toBeUndefined();
    expect(await app.locator('.content img, .content script').count()).toBe(0);
  });

  test.each(['light', 'dark'])('has no accessibility problem, %s', async (theme) => {
    const host = await openAppHost();
    const { app } = await startRun(host);
    await app.getByText('needs action').waitFor();
    await app.getByText('Answer the function calls yourself').click();
    await host.tell('changeContext', { theme });
    expect(await accessibilityProblems(app)).toEqual([]);
  });

  test.each([320, 1440])('fits into a width of %s pixels', async (width) => {
    const host = await openAppHost([], { viewport: { width, height: 800 } });
    const { app } = await startRun(host);
    await app.getByText('needs action').waitFor();
    expect(await app.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('over HTTP, looks like the page', async () => {
    const served = await startServe();
    const viewport = { width: 1440, height: 900 };
    const host = await openHttpAppHost(served.url, { viewport });
    const { app, run } = await startRun(host);
    await host.call('cancel_run', { thread_id: run.thread_id, run_id: run.id });
    await host.page.clock.fastForward(10_000);
    await app.locator('.status-cancelled').waitFor();
    const page = await openPage(`${served.url}/#/threads/${run.thread_id}/runs/${run.id}`, {
      viewport,
    });
    await page.locator('.run .status-cancelled').waitFor();
    // Beside different things, they have different places and widths.
    const content =
      '.app-columns { display: block } .message .content, .timeline, .figures { width: 320px }';
    await app.addStyleTag({ content });
    await page.evaluate(`(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(${JSON.stringify(content)});
      document.adoptedStyleSheets = [sheet];
    })()`);
    for (const part of ['.message .content', '.timeline', '.figures']) {
      const inApp = await app.locator(part).first().screenshot();
      const inPage = await page.locator(part).first().screenshot();
      const share = await differentPixels(host.page, inApp, inPage);
      expect([part, share < 0.01]).toEqual([part, true]);
    }
  });
});
