import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { field, filePart, multipartBody, type Part } from '../../support/multipart.ts';

const purpose = field('purpose', 'assistants');

async function post(
  body: NonNullable<ConstructorParameters<typeof Response>[0]> | null,
  contentType: string | null = 'multipart/form-data; boundary=boundary',
) {
  const harness = await setup({ keepsFiles: 'local' });
  const headers: Record<string, string> =
    contentType === null ? {} : { 'content-type': contentType };
  const init = { method: 'POST', headers, body, duplex: 'half' } as const;
  const response = await harness.fetch(new Request('http://embedded/v1/files', init));
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  const answer: any = await response.json();
  const { data } = await harness.openai.files.list();
  return { ...harness, status: response.status, answer, stored: data.length };
}

const contentOf = async ({ openai, answer }: Awaited<ReturnType<typeof post>>) =>
  (await openai.files.content(answer.id)).text();

/** The bytes of a body, a few at a time, so that every boundary is split somewhere. */
const inPieces = (body: Uint8Array, size: number) =>
  ReadableStream.from(
    (function* () {
      for (let start = 0; start < body.length; start += size) {
        yield body.subarray(start, start + size);
      }
    })(),
  );

const text = 'one\r\n--bound\n--boundar\r\n\r\ntwo\n';

describe('a form is read', () => {
  test.each([1, 7, 64, 100_000])('in pieces of %i bytes', async (size) => {
    const result = await post(inPieces(multipartBody([purpose, filePart(text)]), size));
    expect(result.answer).toMatchObject({ filename: 'a.txt', purpose: 'assistants' });
    expect(await contentOf(result)).toBe(text);
  });

  test('with the purpose after the file', async () => {
    const { answer } = await post(multipartBody([filePart('x'), purpose]));
    expect(answer).toMatchObject({ bytes: 1, purpose: 'assistants' });
  });

  test('with a purpose that is sent like a file', async () => {
    const sent = {
      headers: ['Content-Disposition: form-data; name="purpose"; filename="purpose"'],
    };
    const { answer } = await post(multipartBody([{ ...sent, content: 'vision' }, filePart('x')]));
    expect(answer).toMatchObject({ purpose: 'vision' });
  });

  test('with a quoted boundary that has spaces and colons', async () => {
    const boundary = "a b:c'd";
    const body = multipartBody([purpose, filePart(text)], boundary);
    const result = await post(body, `Multipart/Form-Data; charset=utf-8; Boundary="${boundary}"`);
    expect(await contentOf(result)).toBe(text);
  });

  test.each([1, 5, 100_000])('with lines that end with LF, in pieces of %i bytes', async (size) => {
    const body = multipartBody(
      [purpose, filePart(text), field('purpose', 'user_data')],
      'boundary',
      '\n',
    );
    const result = await post(inPieces(body, size));
    expect(result.answer).toMatchObject({ purpose: 'user_data', filename: 'a.txt' });
    expect(await contentOf(result)).toBe(text);
  });

  test('with text before the first boundary and after the last one', async () => {
    const body = Buffer.concat([
      Buffer.from('preamble\r\n'),
      multipartBody([purpose, filePart(text)]),
      Buffer.from('epilogue'),
    ]);
    expect(await contentOf(await post(body))).toBe(text);
  });

  test('with expires_after in brackets', async () => {
    const parts = [
      field('expires_after[anchor]', 'created_at'),
      field('expires_after[seconds]', '3600'),
    ];
    const { answer } = await post(multipartBody([purpose, filePart('x'), ...parts]));
    expect(answer.expires_at).toBe(answer.created_at + 3600);
  });
});

const named = (parameters: string | Uint8Array): Part => ({
  headers: [
    Buffer.concat([
      Buffer.from('Content-Disposition: form-data; name="file"; '),
      Buffer.from(parameters),
    ]),
    'Content-Type: application/octet-stream',
  ],
  content: 'x',
});

test.each([
  ['filename="Accusé de réception 日本.pdf"', 'Accusé de réception 日本.pdf'],
  ['filename="plain.txt"; filename*=UTF-8\'\'na%C3%AFve%20%E2%82%AC.txt', 'naïve €.txt'],
  [Buffer.from('filename="Überblick.txt"', 'latin1'), 'Überblick.txt'],
  ['filename="C:\\\\Users\\\\ada\\\\report.docx"', 'report.docx'],
  ['filename="../../etc/passwd"', 'passwd'],
  ['filename=unquoted.csv', 'unquoted.csv'],
  ['filename="say \\"hi\\".txt"', 'say "hi".txt'],
  ['filename=""', 'upload'],
])('the name of %s is %s', async (parameters, name) => {
  const { answer } = await post(multipartBody([purpose, named(parameters)]));
  expect(answer.filename).toBe(name);
});

const wrongPurpose = (value: string) =>
  `'${value}' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', 'responses', 'vision', 'evals'] - 'purpose'`;

const boundaryType = 'multipart/form-data; boundary=boundary';
const complete = multipartBody([purpose, filePart('x')]);

test.each<[string, Uint8Array<ArrayBuffer> | string | null, string | null, string]>([
  ['no purpose', multipartBody([filePart('x')]), boundaryType, "'purpose' is a required property"],
  ['no file', multipartBody([purpose]), boundaryType, "'file' is a required property"],
  [
    'another purpose',
    multipartBody([field('purpose', 'answers'), filePart('x')]),
    boundaryType,
    wrongPurpose('answers'),
  ],
  [
    'an unknown field',
    multipartBody([purpose, field('filename', 'a'), filePart('x')]),
    boundaryType,
    "Additional properties are not allowed ('filename' was unexpected)",
  ],
  [
    'a file that is a text field',
    multipartBody([purpose, field('file', 'x')]),
    boundaryType,
    "Invalid 'file': expected a file with a filename, but got a text field instead.",
  ],
  [
    'two files',
    multipartBody([purpose, filePart('x'), filePart('y')]),
    boundaryType,
    "We could not parse the multipart body of your request: it has more than one 'file'.",
  ],
  [
    'a wrong lifetime',
    multipartBody([
      purpose,
      filePart('x'),
      field('expires_after[anchor]', 'created_at'),
      field('expires_after[seconds]', '60'),
    ]),
    boundaryType,
    "Invalid 'expires_after.seconds': integer below minimum value. Expected a value >= 3600, but got 60 instead.",
  ],
  [
    'half an expires_after',
    multipartBody([purpose, filePart('x'), field('expires_after[anchor]', 'created_at')]),
    boundaryType,
    "Missing required parameter: 'expires_after.seconds'.",
  ],
  [
    'no boundary in the header',
    complete,
    'multipart/form-data',
    'We could not parse the multipart body of your request: the Content-Type header has no boundary.',
  ],
  [
    'another boundary in the body',
    complete,
    'multipart/form-data; boundary=other',
    'We could not parse the multipart body of your request: it ends before its closing boundary.',
  ],
  [
    'a body that ends within the file',
    complete.subarray(0, -20),
    boundaryType,
    'We could not parse the multipart body of your request: it ends before its closing boundary.',
  ],
  [
    'a part with a malformed header',
    Buffer.from('--boundary\r\nContent Disposition\r\n\r\nx\r\n--boundary--\r\n'),
    boundaryType,
    'We could not parse the multipart body of your request: a part has a malformed header.',
  ],
  [
    'no body',
    null,
    boundaryType,
    'We could not parse the multipart body of your request: it ends before its closing boundary.',
  ],
  [
    'JSON',
    '{"purpose":"assistants"}',
    'application/json',
    "'file' is a required property. Send the body as multipart/form-data.",
  ],
])('a form with %s is refused, and nothing is stored', async (_name, body, type, message) => {
  const { status, answer, stored } = await post(body, type);
  expect(answer).toEqual({
    error: {
      message,
      type: 'invalid_request_error',
      param: answer.error.param,
      code: answer.error.code,
    },
  });
  expect([status, stored]).toEqual([400, 0]);
});
