import { createServer, type RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

/** Starts a model endpoint on a free loopback port; resolves to its base URL. */
export async function startEndpoint(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return `http://127.0.0.1:${port}/v1`;
}
