import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { toFile } from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { field, filePart, multipartBody } from '../support/multipart.ts';
import { type RunningServe, sdkFor, startServe, writeRaw } from '../support/serve.ts';

const content = 'line\r\n--x\n'.repeat(300_000);
const body = multipartBody([field('purpose', 'assistants'), filePart(content, 'big.txt')]);

const headers = [
  'POST /v1/files HTTP/1.1',
  'Host: 127.0.0.1',
  'Content-Type: multipart/form-data; boundary=boundary',
];

async function open({ port }: RunningServe, lines: readonly string[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(`${[...headers, ...lines].join('\r\n')}\r\n\r\n`);
  return socket;
}

const filesOf = async (served: RunningServe) => (await sdkFor(served).files.list()).data;

test('the SDK uploads, pages, downloads and deletes files, and uploads in parts', async () => {
  const served = await startServe();
  const { files, uploads } = sdkFor(served);
  const file = await toFile(Buffer.from(content), 'büchér.txt');
  const created = await files.create({ file, purpose: 'user_data' });
  expect(created).toMatchObject({ bytes: content.length, filename: 'büchér.txt' });
  expect(await (await files.content(created.id)).text()).toBe(content);
  const upload = await uploads.create({
    filename: 'parts.txt',
    bytes: 4,
    mime_type: 'text/plain',
    purpose: 'assistants',
  });
  const part_ids: string[] = [];
  for (const data of ['ab', 'cd']) {
    const part = await uploads.parts.create(upload.id, { data: await toFile(Buffer.from(data)) });
    part_ids.unshift(part.id);
  }
  const { file: joined } = await uploads.complete(upload.id, { part_ids });
  expect(await (await files.content(joined?.id ?? '')).text()).toBe('cdab');
  for await (const { id } of files.list({ limit: 1 })) await files.delete(id);
  expect(await filesOf(served)).toEqual([]);
});

test('a form without a Content-Length is read as it arrives', async () => {
  const served = await startServe();
  const socket = await open(served, ['Transfer-Encoding: chunked', 'Connection: close']);
  for (let start = 0; start < body.length; start += 100_000) {
    const chunk = body.subarray(start, start + 100_000);
    socket.write(`${chunk.length.toString(16)}\r\n`);
    socket.write(chunk);
    socket.write('\r\n');
  }
  socket.write('0\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*"filename":"big\.txt"/u);
  const [file] = await filesOf(served);
  expect(file).toMatchObject({ bytes: content.length });
});

test('an upload that is aborted leaves nothing', async () => {
  const served = await startServe();
  const socket = await open(served, [`Content-Length: ${body.length}`]);
  socket.write(body.subarray(0, 2_000_000));
  await expect
    .poll(() => served.lines().some(({ message }) => message === 'files are kept'))
    .toBe(true);
  socket.destroy();
  await expect
    .poll(() => served.lines().find(({ path, status }) => path === '/v1/files' && status === 400))
    .toBeDefined();
  expect(await filesOf(served)).toEqual([]);
});

test('a file that is too large is refused, whether or not its size is known, over one connection', async () => {
  const served = await startServe({ argv: ['--max-file', '1MiB'] });
  const message = 'File is too large. Files can have at most 1 MB.';
  const announced = await writeRaw(served, [...headers, 'Content-Length: 99999999']);
  expect([announced.status, JSON.parse(announced.body).error.message]).toEqual([400, message]);
  const response = await fetch(`${served.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=boundary' },
    body: new Blob([body]).stream(),
    duplex: 'half',
  });
  expect([response.status, await response.json()]).toMatchObject([400, { error: { message } }]);
  expect(await filesOf(served)).toEqual([]);
});

test('ranges are answered, and HEAD has the size', async () => {
  const served = await startServe();
  const { files } = sdkFor(served);
  const file = await toFile(Buffer.from('0123456789'), 'a.txt');
  const { id } = await files.create({ file, purpose: 'assistants' });
  const url = `${served.url}/v1/files/${id}/content`;
  const part = await fetch(url, { headers: { range: 'bytes=2-4' } });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    'bytes 2-4/10',
    '234',
  ]);
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
});

test('/healthz says who keeps files', async () => {
  const served = await startServe();
  expect(await (await fetch(`${served.url}/healthz`)).json()).toMatchObject({ files: 'local' });
});

test('a read-only server shows files and takes none', async () => {
  const served = await startServe({ argv: ['--read-only'] });
  expect(await filesOf(served)).toEqual([]);
  const refused = await writeRaw(served, [...headers, `Content-Length: ${body.length}`]);
  expect(refused.status).toBe(405);
});

test('a GET with the content type of a form is answered like any other', async () => {
  const served = await startServe();
  const response = await fetch(`${served.url}/v1/files`, {
    headers: { 'content-type': 'multipart/form-data; boundary=boundary' },
  });
  expect([response.status, await response.json()]).toMatchObject([200, { data: [] }]);
});

test('only what takes a file takes a form larger than other bodies', async () => {
  const served = await startServe({ argv: ['--max-body', '64KiB'] });
  const [, ...otherHeaders] = headers;
  for (const path of ['vector_stores', 'uploads', 'uploads/upload_1/complete', 'files/file-1']) {
    const lines = [`POST /v1/${path} HTTP/1.1`, ...otherHeaders, `Content-Length: ${body.length}`];
    const { status } = await writeRaw(served, lines);
    expect([path, status]).toEqual([path, 413]);
  }
});
