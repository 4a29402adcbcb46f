import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServe } from '../support/serve.ts';
import { startServer, temporaryFolder } from './server.ts';

test('demo runs the whole conversation, leaves no files, and exits with 0', async () => {
  const folder = temporaryFolder();
  const env = { TMPDIR: folder, TEMP: folder, TMP: folder, ASSISTANTS_LOG_LEVEL: '' };
  const demo = startServer({ args: ['demo'], folder, env });
  expect(await demo.exited).toBe(0);
  const output = demo.stdout();
  expect(output).toContain('The model is the scripted one');
  expect(output.match(/^ ?\d+\. .*$/gmu)?.map((title) => title.slice(4))).toEqual([
    'Connect',
    'create_assistant',
    'create_thread_and_run',
    'submit_tool_outputs',
    'create_message, with a file',
    'list_message_files',
    'list_run_steps',
    'list_runs',
    'upload_file',
    'create_assistant, that searches files',
    'create_thread_and_run, with the file',
  ]);
  expect(output).toContain(
    'The assistant replies: Scripted model: found in "handbook.txt": Light rain calls for a waterproof jacket and closed shoes. 【0:0†handbook.txt】',
  );
  expect(output).toMatch(/· run_\w+ is queued/u);
  expect(output).toMatch(/It calls get_weather\(\{"city":.*\}\) as call_\w+\./u);
  expect(output).toMatch(/The assistant replies: .*light rain/u);
  expect(output).toContain('file-PackingList');
  expect(output.trimEnd().split('\n').at(-1)).toBe('The run completed.');
  expect(demo.stderr()).toBe('');
  // The cache has compiled code alone.
  expect(readdirSync(folder)).toEqual(['.cache']);
});

test('demo reports a temporary directory that does not exist', async () => {
  const nowhere = join(temporaryFolder(), 'nowhere');
  const env = { TMPDIR: nowhere, TEMP: nowhere, TMP: nowhere, ASSISTANTS_LOG_LEVEL: '' };
  const demo = startServer({ args: ['demo'], env });
  expect(await demo.exited).toBe(1);
  expect(demo.stdout()).toMatch(/The demo failed: ENOENT: .*nowhere/u);
  expect(demo.stderr()).toBe('');
});

test('demo runs on a remote server', async () => {
  const { url } = await startServe();
  const env = { ASSISTANTS_BASE_URL: `${url}/v1`, ASSISTANTS_LOG_LEVEL: '' };
  const demo = startServer({ args: ['demo'], env });
  expect(await demo.exited).toBe(0);
  expect(demo.stdout()).toContain(`The server is ${url}/v1.`);
  expect(demo.stdout()).toMatch(/The assistant replies: .*light rain/u);
  expect(demo.stderr()).toBe('');
});

test('demo exits with 1 when its run fails', async () => {
  const env = {
    OPENAI_API_KEY: 'sk-none-12345678',
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    // Model calls to an unreachable endpoint are retried for a minute, or until the run expires.
    ASSISTANTS_RUN_LIFETIME: '2',
  };
  const demo = startServer({ args: ['demo'], env });
  expect(await demo.exited).toBe(1);
  expect(demo.stdout()).toContain('The run did not complete.');
  expect(demo.stdout() + demo.stderr()).not.toContain('12345678');
});

test('demo does not wait for all retries when the model endpoint cannot be reached, and says why', async () => {
  const endpoint = createServer();
  await once(endpoint.listen(0, '127.0.0.1'), 'listening');
  const address = endpoint.address();
  const port = typeof address === 'object' ? address?.port : null;
  endpoint.close();
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${String(port)}/v1`,
    ASSISTANTS_MODEL_API: 'chat',
  };
  const demo = startServer({ args: ['demo'], env });
  expect(await demo.exited).toBe(1);
  expect(demo.stdout()).toMatch(/· run_\w+ calls the model again: .*ECONNREFUSED/u);
  expect(demo.stdout().trimEnd().split('\n').at(-1)).toMatch(
    /^The demo failed: the model does not answer\. .*ECONNREFUSED/u,
  );
  // After the last retry, which takes a minute, the run would have failed.
  expect(demo.stdout()).not.toMatch(/ is failed/u);
});
