import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Ids } from '../shared/ids.ts';
import type { RequestHandler } from './request-handler.ts';
import type { ApiError } from '../shared/errors.ts';
import { serverErrors } from './errors.ts';

export interface Listener {
  /** Where it listens, without a path. */
  readonly url: string;
  /** Takes no more requests; resolves when those under way are answered. */
  close(): Promise<void>;
  /** Breaks off what is still under way. */
  closeAll(): void;
}

/** Milliseconds. A JSON body has a deadline of its own; an upload may take its hour. */
const times = {
  headersTimeout: 30_000,
  requestTimeout: 3_600_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5000,
};

/** Milliseconds that a caller whose request was refused unread has to hang up as well. */
const closeTimeoutMs = 1000;

const statusOf = (code: string | undefined): number =>
  code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;

/** HTTP/1.0 has no need of a Host, and probes send none; a browser always does. */
const hostUnlessNamed = ({ httpVersion }: IncomingMessage) =>
  httpVersion === '1.0' && { hostname: 'localhost' };

const withId = (error: ApiError, ids: Ids) => ({
  ...error.headers,
  'x-request-id': ids.newRequestId(),
});

/** Answers what Node could not read as a request, and closes the connection. */
function handleClientErrors(server: Server, ids: Ids): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const refusal = serverErrors.unreadable(statusOf(error.code));
    const body = JSON.stringify(refusal);
    const head = Object.entries({
      ...withId(refusal, ids),
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${lines.join('')}\r\n${body}`);
    // Cut off at once, it might not hear why.
    if (socket instanceof Socket) socket.setTimeout(closeTimeoutMs, () => socket.destroy());
  });
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return String(address);
  const { family, address: host, port } = address;
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
}

function describe(error: unknown, { host, port }: ListenOptions): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  const reasons = new Map<unknown, string>([
    ['EADDRINUSE', 'the port is taken; choose another with --port'],
    ['EACCES', 'that is not allowed; choose a --port from 1024 on'],
    ['EADDRNOTAVAIL', 'this machine has no such address; choose another --host'],
    ['ENOTFOUND', 'there is no such name; choose another --host'],
  ]);
  return `Cannot listen on ${host} port ${port}: ${reasons.get(code) ?? String(error)}.`;
}

interface ListenOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly ids: Ids;
}

/** Binds the front to an address; rejects when that cannot be had. */
export async function listen(front: RequestHandler, options: ListenOptions): Promise<Listener> {
  const { host, port, ids } = options;
  const errorHandler = () => {
    const refusal = serverErrors.unreadable(400);
    return Response.json(refusal, { status: 400, headers: withId(refusal, ids) });
  };
  const settings = { overrideGlobalObjects: false, errorHandler };
  const answer = async (request: Request, incoming: IncomingMessage) => {
    const response = await front(request, incoming);
    // Else the caller's next request would come to nobody.
    if (!server.listening) response.headers.set('connection', 'close');
    return response;
  };
  const take: RequestListener = (incoming, outgoing) => {
    const handle = getRequestListener((request) => answer(request, incoming), {
      ...settings,
      ...hostUnlessNamed(incoming),
    });
    // By itself Node writes a head in UTF-8 that goes ahead of its body, and any other as it came.
    outgoing.flushHeaders = () => void outgoing.write(Buffer.alloc(0));
    void handle(incoming, outgoing);
    // Whoever keeps a connection to a server that closes would keep the server.
    for (const half of [incoming, outgoing]) {
      half.once('close', () => server.listening || server.closeIdleConnections());
    }
  };
  const server = createServer({ ...times, requireHostHeader: false }, take);
  // Whatever is expected may be ignored, and Node's own refusal has no words.
  server.on('checkExpectation', take);
  handleClientErrors(server, ids);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new Error(describe(error, options), { cause: error });
  }
  return {
    url: addressOf(server),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
      }),
    closeAll: () => server.closeAllConnections(),
  };
}
