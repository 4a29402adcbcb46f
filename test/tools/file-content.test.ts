import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { connectTools } from '../support/mcp.ts';

const file_id = 'file-a';
const pageSize = 32_000;
const largestImage = 3 * 2 ** 20;

type Body = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;

async function connect(body: () => Body, bytes = 0) {
  const openai = createClient({
    fetch: async ({ url }) =>
      url.endsWith('/content')
        ? new Response(body())
        : Response.json({ id: file_id, filename: 'a', bytes }),
  });
  return connectTools({ openai });
}

/** What the tool answers about a file that holds these bytes. */
async function show(content: Uint8Array<ArrayBuffer>, args: object = {}) {
  const host = await connect(() => content, content.length);
  const { failed, text, object, images } = await host.call('get_file_content', {
    file_id,
    ...args,
  });
  expect({ failed, ...JSON.parse(text) }).toMatchObject({
    failed: false,
    file_id,
    filename: 'a',
    bytes: content.length,
  });
  return { object, images, said: JSON.parse(text) };
}

const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text));

/** Bytes that begin as `start` says and go on with zeros. */
function padded(start: string, length: number) {
  const bytes = new Uint8Array(length);
  bytes.set(Buffer.from(start, 'latin1'));
  return bytes;
}

describe('text', () => {
  test('of a page is there at once', async () => {
    const text = 'x'.repeat(pageSize);
    const { said, object } = await show(utf8(text));
    expect(said.text).toBe(text);
    expect(said).not.toHaveProperty('next');
    expect(object).toEqual(said);
  });

  test('of nothing is empty', async () => {
    expect((await show(utf8(''))).said).toMatchObject({ offset: 0, text: '' });
    expect((await show(utf8('abc'), { offset: 7 })).said).toMatchObject({ offset: 7, text: '' });
  });

  test('is read on as `next` says, to the last character', async () => {
    await assert(
      asyncProperty(
        array(constantFrom('a', 'é', '€', '👋', '\n'), { minLength: 1, maxLength: 7 }),
        async (letters) => {
          const whole = letters.join('').repeat(Math.ceil(70_000 / letters.join('').length));
          let text = '';
          for (let next: string | undefined = 'offset 0'; next !== undefined;) {
            const offset = Number(/offset (\d+)/u.exec(next)?.[1]);
            const { said } = await show(utf8(whole), { offset });
            expect(said.offset).toBe(offset);
            expect(Buffer.byteLength(said.text)).toBeLessThanOrEqual(pageSize);
            text += said.text;
            next = said.next;
          }
          expect(text).toBe(whole);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('keeps a byte order mark that a page begins with', async () => {
    const whole = utf8(`\ufeff${'x'.repeat(pageSize - 3)}\ufeffb`);
    expect((await show(whole)).said.text.slice(0, 2)).toBe('\ufeffx');
    expect((await show(whole, { offset: pageSize })).said.text).toBe('\ufeffb');
  });

  test('from within a character begins after it', async () => {
    const { said } = await show(utf8('👋👋'), { offset: 2 });
    expect(said).toMatchObject({ offset: 4, text: '👋' });
  });

  test('is fetched no further than it is shown', async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = () =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          pulled += 1;
          controller.enqueue(utf8('x'.repeat(1000)));
        },
        cancel() {
          cancelled = true;
        },
      });
    const host = await connect(endless, 2 ** 40);
    const { text } = await host.call('get_file_content', { file_id, offset: 5000 });
    expect(JSON.parse(text).next).toBe(
      'Call get_file_content with file_id "file-a" and offset 37000 to read the next page.',
    );
    expect(cancelled).toBe(true);
    expect(pulled).toBeLessThan(50);
  });
});

describe('an image', () => {
  test.each([
    ['image/png', '\u0089PNG\r\n\u001A\n'],
    ['image/jpeg', '\u00FF\u00D8\u00FF\u00E0'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF\n\n\u0000\u0000WEBPVP8 '],
  ])('of type %s is shown, and is not structured', async (mimeType, start) => {
    const content = padded(start, 100_000);
    const { said, object, images } = await show(content);
    const data = Buffer.from(content).toString('base64');
    expect(images).toEqual([{ type: 'image', mimeType, data }]);
    expect(said.media_type).toBe(mimeType);
    expect(object).toBeUndefined();
  });

  test('may be 3 MiB large, and not a byte larger', async () => {
    const png = '\u0089PNG\r\n\u001A\n';
    expect((await show(padded(png, largestImage))).images).toHaveLength(1);
    const { said, images } = await show(padded(png, largestImage + 1));
    expect(images).toEqual([]);
    expect(said.note).toBe(
      'Images of more than 3145728 bytes are not shown. Attach the file to a message so that an assistant can read it.',
    );
  });
});

test.each([
  ['bytes that are no UTF-8', new Uint8Array([72, 105, 0xff, 0xfe])],
  ['bytes with a zero', utf8('a\0b')],
  ['a character that is cut off', utf8('Grüße').slice(0, 3)],
  ['a part of an image', padded('\u0089PNG\r\n\u001A\n', 50)],
])('%s are told of, not shown', async (_, content) => {
  const offset = content[0] === 0x89 ? 20 : 0;
  const { said, images } = await show(content, { offset });
  expect(images).toEqual([]);
  expect(said.note).toBe(
    'Only UTF-8 text and images are shown. Attach the file to a message so that an assistant can read it.',
  );
});
