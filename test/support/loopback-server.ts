import { serve } from '@hono/node-server';
import { onTestFinished } from 'vitest';

/** Serves a handler on a free loopback port; resolves to its URL without a path. */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port));
  onTestFinished(
    () =>
      new Promise((resolveClosed) => {
        server.close(() => resolveClosed());
      }),
  );
  return `http://127.0.0.1:${await promise}`;
}
