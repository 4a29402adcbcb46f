import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { connectTools, readResultText } from '../support/mcp.ts';

const file_id = 'file-a';
const pageBytes = 32_000;
const maxImageBytes = 3 * 2 ** 20;

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

/** Calls the tool for a file with this content. */
async function show(content: Uint8Array<ArrayBuffer>, args: object = {}) {
  const host = await connect(() => content, content.length);
  const { failed, text, object, images } = await host.call('get_file_content', {
    file_id,
    ...args,
  });
  expect({ failed, ...readResultText(text).object }).toMatchObject({
    failed: false,
    file_id,
    filename: 'a',
    bytes: content.length,
  });
  return { object, images, result: readResultText(text).object };
}

const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text));

/** Bytes that start with `start` (Latin-1), followed by zeros. */
function padded(start: string, length: number) {
  const bytes = new Uint8Array(length);
  bytes.set(Buffer.from(start, 'latin1'));
  return bytes;
}

describe('get_file_content of text', () => {
  test('returns a text of one page completely', async () => {
    const text = 'x'.repeat(pageBytes);
    const { result, object } = await show(utf8(text));
    expect(result.text).toBe(text);
    expect(result).not.toHaveProperty('next');
    expect(object).toEqual(result);
  });

  test('returns an empty text for an empty file and beyond the end', async () => {
    expect((await show(utf8(''))).result).toMatchObject({ offset: 0, text: '' });
    expect((await show(utf8('abc'), { offset: 7 })).result).toMatchObject({ offset: 7, text: '' });
  });

  test('returns the complete text when the caller follows every `next`', async () => {
    await assert(
      asyncProperty(
        array(constantFrom('a', 'é', '€', '👋', '\n'), { minLength: 1, maxLength: 7 }),
        async (letters) => {
          const content = letters.join('').repeat(Math.ceil(70_000 / letters.join('').length));
          let text = '';
          let next: string | undefined = 'offset 0';
          for (let pages = 0; next !== undefined && pages < 10; pages += 1) {
            const offset = Number(/offset (\d+)/u.exec(next)?.[1]);
            const { result } = await show(utf8(content), { offset });
            expect(result.offset).toBe(offset);
            expect(Buffer.byteLength(result.text)).toBeLessThanOrEqual(pageBytes);
            text += result.text;
            next = result.next;
          }
          expect(text).toBe(content);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('keeps a byte order mark at the start of a page', async () => {
    const content = utf8(`\ufeff${'x'.repeat(pageBytes - 3)}\ufeffb`);
    expect((await show(content)).result.text.slice(0, 2)).toBe('\ufeffx');
    expect((await show(content, { offset: pageBytes })).result.text).toBe('\ufeffb');
  });

  test('starts with the next character when the offset is inside one', async () => {
    const { result } = await show(utf8('👋👋'), { offset: 2 });
    expect(result).toMatchObject({ offset: 4, text: '👋' });
  });

  test('downloads only the part of a file that it shows', async () => {
    let pulls = 0;
    let cancelled = false;
    const endlessStream = () =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          pulls += 1;
          controller.enqueue(utf8('x'.repeat(1000)));
        },
        cancel() {
          cancelled = true;
        },
      });
    const host = await connect(endlessStream, 2 ** 40);
    const { text } = await host.call('get_file_content', { file_id, offset: 5000 });
    expect(readResultText(text).object.next).toBe(
      'Call get_file_content with file_id "file-a" and offset 37000 to read the next page.',
    );
    expect(cancelled).toBe(true);
    expect(pulls).toBeLessThan(50);
  });
});

describe('get_file_content of images', () => {
  test.each([
    ['image/png', '\u0089PNG\r\n\u001A\n'],
    ['image/jpeg', '\u00FF\u00D8\u00FF\u00E0'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF\n\n\u0000\u0000WEBPVP8 '],
  ])('shows an image of type %s and returns no structured content', async (mimeType, start) => {
    const content = padded(start, 100_000);
    const { result, object, images } = await show(content);
    const data = Buffer.from(content).toString('base64');
    expect(images).toEqual([{ type: 'image', mimeType, data }]);
    expect(result.media_type).toBe(mimeType);
    expect(object).toBeUndefined();
  });

  test('shows images of at most 3 MiB', async () => {
    const png = '\u0089PNG\r\n\u001A\n';
    expect((await show(padded(png, maxImageBytes))).images).toHaveLength(1);
    const { result, images } = await show(padded(png, maxImageBytes + 1));
    expect(images).toEqual([]);
    expect(result.note).toBe(
      'Images of more than 3145728 bytes are not shown. Attach the file to a message so that an assistant can read it.',
    );
  });
});

test.each([
  ['invalid UTF-8', new Uint8Array([72, 105, 0xff, 0xfe])],
  ['text with a zero byte', utf8('a\0b')],
  ['an incomplete character', utf8('Grüße').slice(0, 3)],
  ['the middle of an image', padded('\u0089PNG\r\n\u001A\n', 50)],
])('get_file_content explains why it does not show %s', async (_, content) => {
  const offset = content[0] === 0x89 ? 20 : 0;
  const { result, images } = await show(content, { offset });
  expect(images).toEqual([]);
  expect(result.note).toBe(
    'Only UTF-8 text and images are shown. Attach the file to a message so that an assistant can read it.',
  );
});
