import { expect, test } from 'vitest';
import { problemsOf, read } from '../support/config.ts';
import { sdkFor, startServe } from '../support/serve.ts';

const mebibyte = 2 ** 20;

test('100 messages of 256,000 characters are accepted and listed by default', async () => {
  const openai = sdkFor(await startServe());
  const texts = Array.from({ length: 100 }, (_, index) => `${index} `.padEnd(256_000, 'x y '));
  const messages = texts.map((content) => ({ role: 'user' as const, content }));
  const { id } = await openai.beta.threads.create({ messages });
  const page = await openai.beta.threads.messages.list(id, { order: 'asc', limit: 100 });
  const listed = page.data.map(({ content: [part] }) => part?.type === 'text' && part.text.value);
  expect(listed).toEqual(texts);
});

test('--max-body changes the limit, in the error too', async () => {
  const served = await startServe({ argv: ['--max-body', '1MiB'] });
  const post = (size: number) =>
    fetch(`${served.url}/v1/threads`, { method: 'POST', body: `{}${' '.repeat(size - 2)}` });
  expect((await post(mebibyte)).status).toBe(200);
  const refused = await post(mebibyte + 1);
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({
    error: { message: 'The request body is larger than 1 MiB.' },
  });
});

test.each([
  ['32MiB', 32 * mebibyte],
  ['500k', 500 * 1024],
  ['64m', 64 * mebibyte],
  ['1048576', mebibyte],
])('--max-body %s is %i bytes', (text, maxBody) => {
  expect(read({ argv: ['serve', '--max-body', text] })).toMatchObject({ config: { maxBody } });
});

test.each(['0', '-1', '1.5MiB', '10GB', '513MiB', 'MiB', '1 MiB'])(
  '--max-body refuses %s',
  (text) => {
    expect(problemsOf({ argv: ['serve', `--max-body=${text}`] })).toEqual([
      `--max-body: '${text}' is not a size up to 512MiB, such as 500KiB or 64MiB.`,
    ]);
  },
);
