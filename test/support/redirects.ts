import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

export interface ReceivedRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RedirectingServer {
  /** The origin, such as http://127.0.0.1:4711. */
  readonly origin: string;
  readonly received: ReceivedRequest[];
}

/** A redirect, or null to answer with `{}`. */
export type Redirect = { readonly status: number; readonly location?: string } | null;

/** Starts a server on a free loopback port that redirects as `redirectOf` says. */
export async function startRedirecting(
  redirectOf: (path: string) => Redirect,
): Promise<RedirectingServer> {
  const received: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method, url = '', headers } = request;
    received.push({ line: `${method} ${url}`, headers, body: String(await buffer(request)) });
    const redirect = redirectOf(url);
    if (redirect === null) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}');
      return;
    }
    const { status, location } = redirect;
    response.writeHead(status, location === undefined ? {} : { location }).end('moved');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { origin: `http://127.0.0.1:${port}`, received };
}
