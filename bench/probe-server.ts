// Loaded into the measured program: an HTTP server whose answers wait as long as everything else in the
// process. Writes its address to file descriptor 3.
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';

const server = createServer((_request, response) => void response.end());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  writeSync(3, `http://127.0.0.1:${port}/`);
});
server.unref();
