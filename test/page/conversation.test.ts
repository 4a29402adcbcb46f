import { describe, expect, test } from 'vitest';
import { expectVisible, hasBrowser, openPage } from '../support/browser.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { startStreamingModel } from '../support/streaming-model.ts';
import { weatherTool } from '../support/conversation.ts';

describe.skipIf(!hasBrowser)('a conversation in the browser', { timeout: 90_000 }, () => {
  test('from an empty database to an answered function call', async () => {
    const served = await startServe();
    const page = await openPage(served.url);
    await page.getByRole('button', { name: 'Make a sample assistant' }).click();
    await page.getByLabel('Message', { exact: true }).fill('What should I wear in Lisbon?');
    await page.getByRole('button', { name: /^Send/u }).click();
    const form = page.getByRole('form', { name: 'Outputs of functions' });
    await form.getByRole('textbox', { name: 'Output' }).fill('{"sky": "light rain"}');
    expect(await form.textContent()).toContain('The name of the city');
    await form.getByRole('button', { name: 'Submit' }).click();
    await page.getByText('get_weather said: {"sky": "light rain"}').waitFor();
    const [thread] = (await sdkFor(served).get<{ data: { id: string }[] }>('/threads', {})).data;
    const runs = await sdkFor(served).beta.threads.runs.list(thread?.id ?? '');
    expect(runs.data).toMatchObject([{ status: 'completed' }]);
  });

  test('shows text while it is streamed, and the run beside it', async () => {
    const model = await startStreamingModel();
    const served = await startServe({ env: model.env });
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Poet' });
    const page = await openPage(served.url);
    await page.getByLabel('Message', { exact: true }).fill('Write a poem.');
    await page.keyboard.press('Control+Enter');
    const call = await model.nextCall();
    call.write('The first ');
    await page.getByText('The first').waitFor();
    await page.getByText('Working').waitFor({ state: 'detached' });
    call.write('line.');
    await page.getByText('The first line.').waitFor();
    call.end();
    await page
      .getByRole('article', { name: 'Poet wrote' })
      .getByRole('link', { name: /^run_/u })
      .click();
    const run = page.getByRole('complementary', { name: 'Run' });
    await run.getByText('completed').first().waitFor();
    await expectVisible(run.getByText('writes a message'));
  });

  test('cancels a run that works', async () => {
    const model = await startStreamingModel();
    const served = await startServe({ env: model.env });
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Poet' });
    const page = await openPage(served.url);
    await page.getByLabel('Message', { exact: true }).fill('Write a poem.');
    await page.getByRole('button', { name: /^Send/u }).click();
    const call = await model.nextCall();
    call.write('Half a ');
    await page.getByText('Half a').waitFor();
    await page
      .getByRole('link', { name: /^run_|^Run run_/u })
      .first()
      .click();
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.getByRole('complementary', { name: 'Run' }).getByText('cancelled').first().waitFor();
    await expectVisible(page.getByText('Half a'));
  });

  test('shows why a run failed', async () => {
    const model = await startStreamingModel();
    const served = await startServe({ env: model.env });
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Poet' });
    const page = await openPage(served.url);
    await page.getByLabel('Message', { exact: true }).fill('Write a poem.');
    await page.getByRole('button', { name: /^Send/u }).click();
    (await model.nextCall()).fail(400, 'The model m does not exist.');
    await page.getByRole('log').getByText('The model m does not exist.').waitFor();
    await page.getByRole('link', { name: /^Run run_/u }).click();
    await expectVisible(page.getByRole('alert').getByText('The model m does not exist.'));
  });

  test('goes on with a run after a reload in the middle', async () => {
    const model = await startStreamingModel();
    const served = await startServe({ env: model.env });
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Poet' });
    const page = await openPage(served.url);
    await page.getByLabel('Message', { exact: true }).fill('Write a poem.');
    await page.getByRole('button', { name: /^Send/u }).click();
    const call = await model.nextCall();
    call.write('A whole ');
    await page.getByText('A whole').waitFor();
    await page.reload();
    await page.getByText('Write a poem.').last().waitFor();
    call.write('poem.');
    call.end();
    await expectVisible(page.getByText('A whole poem.'));
  });

  test('goes on with a run after the connection was lost', async () => {
    const model = await startStreamingModel();
    const served = await startServe({ env: model.env });
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Poet' });
    const page = await openPage(served.url, { expectedErrors: /ERR_INTERNET_DISCONNECTED|ERR_/u });
    await page.getByLabel('Message', { exact: true }).fill('Write a poem.');
    await page.getByRole('button', { name: /^Send/u }).click();
    const call = await model.nextCall();
    call.write('A whole ');
    await page.getByText('A whole').waitFor();
    await page.context().setOffline(true);
    await page.getByText('The server cannot be reached.').waitFor();
    call.write('poem.');
    call.end();
    await page.context().setOffline(false);
    await page.getByText('A whole poem.').waitFor();
    await expectVisible(page.getByText('● live'));
  });

  test('shows in one tab what another one sends', async () => {
    const served = await startServe();
    await sdkFor(served).beta.assistants.create({ model: 'm', name: 'Echo' });
    const { id } = await sdkFor(served).beta.threads.create({
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const first = await openPage(`${served.url}/#/threads/${id}`);
    const second = await openPage(`${served.url}/#/threads/${id}`);
    await first.getByRole('log').getByText('Hello').waitFor();
    await second.getByLabel('Message', { exact: true }).fill('From the other tab');
    await second.getByRole('button', { name: /^Send/u }).click();
    await expectVisible(first.getByText('you said: From the other tab'));
  });

  test('edits a question and runs it again on a new thread', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    const { id: assistant_id } = await openai.beta.assistants.create({ model: 'm', name: 'Echo' });
    const { id } = await openai.beta.threads.create({
      messages: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Answer one' },
        { role: 'user', content: 'Two' },
      ],
    });
    await openai.beta.threads.runs.createAndPoll(id, { assistant_id });
    const page = await openPage(`${served.url}/#/threads/${id}`);
    const question = page.getByRole('article').filter({ hasText: 'Two' }).first();
    await question.hover();
    await question.getByRole('button', { name: 'Edit and run again' }).click();
    const field = page.getByLabel('Message', { exact: true });
    await expect.poll(() => field.inputValue(), { timeout: 20_000 }).toBe('Two');
    await page.getByLabel('Message', { exact: true }).fill('Two and a half');
    await page.getByRole('button', { name: /^Send/u }).click();
    await page.getByText('you said: Two and a half').waitFor();
    await page.getByText('Answer one').waitFor();
    expect((await openai.beta.threads.messages.list(id)).data).toHaveLength(4);
  });

  test('shows the parallel calls of a run and says which outputs are missing', async () => {
    const served = await startServe();
    const openai = sdkFor(served);
    const { id } = await openai.beta.assistants.create({ model: 'm', tools: [weatherTool] });
    const run = await openai.beta.threads.createAndRunPoll({
      assistant_id: id,
      thread: { messages: [{ role: 'user', content: 'Oslo?' }] },
    });
    const page = await openPage(`${served.url}/#/threads/${run.thread_id}/runs/${run.id}`);
    await page.getByText('Missing: get_weather').waitFor();
    expect(await page.getByRole('button', { name: 'Submit' }).isDisabled()).toBe(true);
    await page.getByText('Show as code').nth(2).click();
    const timeline = page.getByRole('list', { name: 'Timeline of the run' });
    await timeline.getByRole('button', { name: /get_weather/u }).click();
    await timeline.getByText('No output yet').waitFor();
  });
});
