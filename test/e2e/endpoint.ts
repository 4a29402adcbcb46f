import { createServer, type RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

/** A model endpoint on this machine that does what the test says; resolves to its base URL. */
export async function startEndpoint(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return `http://127.0.0.1:${port}/v1`;
}
