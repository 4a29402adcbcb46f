import { fieldOf } from '../shared/json.ts';
import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, STATUS_CODES } from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import { trackHandshakes } from './handshakes.ts';
import type { TlsIdentity } from './tls-files.ts';
import { getRequestListener } from '@hono/node-server';
import type { ApiError } from '../shared/errors.ts';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { serverErrors } from './errors.ts';
import type { RequestHandler } from './request-handler.ts';

export interface Listener {
  /** The base URL, without a path. */
  readonly url: string;
  /** Accepts no more connections; resolves when all open ones have closed. */
  close(): Promise<void>;
  /** Closes all connections, also those with a request in progress. */
  closeAll(): void;
  /** Uses another certificate from the next connection on; only for a server with TLS. */
  setTls(tls: TlsIdentity): void;
}

type Server = http.Server | https.Server;

/** Node's timeouts, in milliseconds. An upload may take an hour; `body.ts` limits a JSON body. */
const nodeTimeouts = {
  headersTimeout: 30_000,
  requestTimeout: 3_600_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5000,
};

/** How long a TLS handshake may take, in milliseconds. */
const handshakeTimeout = 30_000;

/** How long a client may keep the connection open after its malformed request was answered. */
const closeTimeoutMs = 1000;

const statusOf = (code: string | undefined): number =>
  code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;

/** HTTP/1.0 probes send no Host header; browsers always do. */
const defaultHost = ({ httpVersion }: IncomingMessage) =>
  httpVersion === '1.0' && { hostname: 'localhost' };

const errorHeaders = (error: ApiError, ids: Ids) => ({
  ...error.headers,
  'x-request-id': ids.newRequestId(),
});

/** Answers requests that Node's parser rejects, and closes the connection. */
function handleClientErrors(server: Server, { ids, log }: ListenOptions): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (/^ERR_(?:SSL|TLS)_/u.test(error.code ?? '')) {
      log.debug('TLS handshake failed', { reason: error.code });
      return void socket.destroy();
    }
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const apiError = serverErrors.malformedRequest(statusOf(error.code));
    const body = JSON.stringify(apiError);
    const headers = Object.entries({
      ...errorHeaders(apiError, ids),
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
    const reason = STATUS_CODES[apiError.status ?? 400];
    socket.end(`HTTP/1.1 ${apiError.status} ${reason}\r\n${lines.join('')}\r\n${body}`);
    // Destroying the socket at once could lose the response.
    if (socket instanceof Socket) socket.setTimeout(closeTimeoutMs, () => socket.destroy());
  });
}

function listenUrl(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return String(address);
  const { family, address: host, port } = address;
  const scheme = server instanceof https.Server ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
}

function listenFailure(error: unknown, { host, port }: ListenOptions): string {
  const code = fieldOf(error, 'code');
  const reasons = new Map<unknown, string>([
    ['EADDRINUSE', 'the port is in use; choose another --port'],
    ['EACCES', 'permission denied; choose a --port from 1024 up'],
    ['EADDRNOTAVAIL', 'this machine does not have that address; choose another --host'],
    ['ENOTFOUND', 'the host name does not exist; choose another --host'],
  ]);
  return `Cannot listen on ${host} port ${port}: ${reasons.get(code) ?? String(error)}.`;
}

interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null: plain HTTP. */
  readonly tls: TlsIdentity | null;
  readonly ids: Ids;
  readonly log: Log;
}

function createServer(tls: TlsIdentity | null, onRequest: RequestListener): Server {
  const options = { ...nodeTimeouts, requireHostHeader: false };
  return tls === null
    ? http.createServer(options, onRequest)
    : https.createServer({ ...options, ...tls, handshakeTimeout }, onRequest);
}

/** Listens on an address; rejects with an Error for people when that is impossible. */
export async function listen(handler: RequestHandler, options: ListenOptions): Promise<Listener> {
  const { host, port, tls, ids } = options;
  const errorHandler = () => {
    const error = serverErrors.malformedRequest(400);
    return Response.json(error, { status: 400, headers: errorHeaders(error, ids) });
  };
  const respond = async (request: Request, incoming: IncomingMessage) => {
    const response = await handler(request, incoming);
    // Node drops what follows a request to upgrade, and a closing server answers no further request.
    const isLast = incoming.headers.upgrade !== undefined || !server.listening;
    if (isLast) response.headers.set('connection', 'close');
    return response;
  };
  const onRequest: RequestListener = (incoming, outgoing) => {
    const handle = getRequestListener((request) => respond(request, incoming), {
      overrideGlobalObjects: false,
      errorHandler,
      ...defaultHost(incoming),
    });
    // Node writes headers flushed before the body in UTF-8, all others in latin1. Writing an empty
    // chunk makes them latin1 always, so that the bytes of proxied headers stay as they are.
    outgoing.flushHeaders = () => void outgoing.write(Buffer.alloc(0));
    void handle(incoming, outgoing);
    // An idle keep-alive connection would keep a closing server open.
    for (const half of [incoming, outgoing]) {
      half.once('close', () => server.listening || server.closeIdleConnections());
    }
  };
  const server = createServer(tls, onRequest);
  const handshakes = trackHandshakes(server);
  // Ignore unknown expectations: Node's own 417 has no error body.
  server.on('checkExpectation', onRequest);
  handleClientErrors(server, options);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new Error(listenFailure(error, options), { cause: error });
  }
  return {
    url: listenUrl(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        handshakes.abort();
      }),
    closeAll: () => server.closeAllConnections(),
    setTls(identity) {
      if (server instanceof https.Server) server.setSecureContext(identity);
    },
  };
}
