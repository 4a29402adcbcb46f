import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

export interface SeenRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** The header lines as they arrived. */
  readonly headers: readonly string[];
  /** The number of the connection, from 1. */
  readonly connection: number;
}

interface RawUpstreamOptions {
  /** Reads what a strict server refuses, each time as an attacker would like it; default: false. */
  readonly isLax?: boolean;
  /** The bytes of the answer; default: JSON with the path. */
  readonly answer?: (request: SeenRequest) => string;
  /** Answers before the body has arrived; default: false. */
  readonly answersEarly?: boolean;
}

export interface RawUpstream {
  /** The base URL, with /v1. */
  readonly baseURL: string;
  /** Every request that the server read, in order; a malformed one has the method `MALFORMED`. */
  readonly seen: SeenRequest[];
  readonly sockets: Socket[];
}

/** A complete response with the request's id. */
export const rawResponse = (id: string, body: string, status = '200 OK'): string =>
  [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-Request-Id: ${id}`,
    '',
    body,
  ].join('\r\n');

type Fields = readonly (readonly [name: string, value: string])[];

const valuesOf = (fields: Fields, name: string): string[] =>
  fields.filter(([field]) => field === name).map(([, value]) => value);

/** How the body is framed: its length, in chunks, or not as the standard says. */
type Framing = number | 'chunked' | 'malformed';

function strictFraming(fields: Fields, lines: readonly string[]): Framing {
  const lengths = valuesOf(fields, 'content-length');
  const encodings = valuesOf(fields, 'transfer-encoding');
  const isPlain = lines.every((line) => /^[\w!#$%&'*+.^`|~-]+:[^\r\n\0]*$/u.test(line));
  if (!isPlain || lengths.length + encodings.length > 1) return 'malformed';
  const [length = '0'] = lengths;
  if (encodings[0] !== undefined) return encodings[0] === 'chunked' ? 'chunked' : 'malformed';
  return /^\d+$/u.test(length) ? Number(length) : 'malformed';
}

/** Obeys `Connection: content-length`, takes `content_length` for it, and the first of several. */
function laxFraming(fields: Fields): Framing {
  const dropped = valuesOf(fields, 'connection')
    .join(',')
    .toLowerCase()
    .split(/[\s,]+/u);
  const kept = fields
    .filter(([name]) => !dropped.includes(name))
    .map(([name, value]) => [name.replaceAll('_', '-').trim(), value] as const);
  const [length] = valuesOf(kept, 'content-length');
  if (length !== undefined) return Number.parseInt(length, 10) || 0;
  return /chunked/iu.test(valuesOf(kept, 'transfer-encoding').join()) ? 'chunked' : 0;
}

/** The number of bytes of a chunked body; null while it is incomplete. */
function chunkedLength(text: string, isLax: boolean): number | null {
  const line = isLax ? /[^\n]*\n/uy : /[0-9a-f]+(?:;[^\r\n]*)?\r\n/iuy;
  for (let at = 0; ;) {
    line.lastIndex = at;
    const [sizeLine] = line.exec(text) ?? [];
    if (sizeLine === undefined) return null;
    const size = Number.parseInt(sizeLine, 16) || 0;
    at += sizeLine.length + size;
    if (size > 0) at += 2;
    const end = text.indexOf('\r\n', at);
    if (size === 0) return end < 0 ? null : end + 2;
  }
}

interface Head extends Pick<SeenRequest, 'method' | 'path' | 'headers'> {
  readonly length: number;
  readonly framing: Framing;
}

/** The first request's head; null while it is incomplete. */
function parseHead(text: string, isLax: boolean): Head | null {
  const [head] = (isLax ? /^[^]*?\r?\n\r?\n/u : /^[^]*?\r\n\r\n/u).exec(text) ?? [];
  if (head === undefined) return null;
  const [line = '', ...headers] = head.trimEnd().split(isLax ? /\r?\n|\r/u : '\r\n');
  const fields = headers.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  const [method = '', path = ''] = line.split(' ');
  const framing = isLax ? laxFraming(fields) : strictFraming(fields, headers);
  return { method, path, headers, length: head.length, framing };
}

/** Starts a model endpoint that parses requests itself and records exactly what it read. */
export async function startRawUpstream(options: RawUpstreamOptions = {}): Promise<RawUpstream> {
  const { isLax = false, answersEarly = false } = options;
  const { answer = ({ id, path }: SeenRequest) => rawResponse(id, JSON.stringify({ path })) } =
    options;
  const seen: SeenRequest[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    let text = '';
    let answered = false;
    const record = (head: Pick<SeenRequest, 'method' | 'path' | 'headers'>) => {
      const { method, path, headers } = head;
      const request = { id: `up_${seen.length + 1}`, method, path, headers, connection };
      seen.push(request);
      return request;
    };
    const readRequests = () => {
      for (;;) {
        const head = parseHead(text, isLax);
        if (head === null) return;
        const { framing, length } = head;
        if (framing === 'malformed') {
          record({ ...head, method: 'MALFORMED' });
          return void socket.destroy();
        }
        if (answersEarly && !answered) socket.write(answer(record(head)));
        answered = answersEarly;
        const rest = text.slice(length);
        const bodyLength = framing === 'chunked' ? chunkedLength(rest, isLax) : framing;
        if (bodyLength === null || rest.length < bodyLength) return;
        text = rest.slice(bodyLength);
        if (!answersEarly) socket.write(answer(record(head)), 'latin1');
        answered = false;
      }
    };
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      readRequests();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { baseURL: `http://127.0.0.1:${port}/v1`, seen, sockets };
}
