import { serve } from '@hono/node-server';
import { onTestFinished } from 'vitest';

/** Mounts a handler on a loopback port of its own; gives its address without a path. */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port));
  onTestFinished(
    () =>
      new Promise((closed) => {
        server.close(() => closed());
      }),
  );
  return `http://127.0.0.1:${await promise}`;
}
