import { expect, test } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { createRequestHandler } from '../../src/server/request-handler.ts';
import { listen } from '../../src/server/listener.ts';
import { createFailedLogins } from '../../src/server/failed-logins.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { createRequestContext } from '../../src/server/request-context.ts';

const fail = () => Promise.reject(new Error('secret details'));

test('the server answers an internal error with the API’s wording and logs the details', async () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLog({ level: 'info', secrets: [], now: () => 0, write });
  const handler = createRequestHandler({
    rules: { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [], token: null },
    readOnly: false,
    maxBodyBytes: 1024,
    engine: { fetch: fail, owns: async () => false },
    mcp: fail,
    upstream: fail,
    health: fail,
    metrics: fail,
    page: { needsToken: () => false, fetch: fail },
    httpMetrics: createMetrics('1.2.3').httpMetrics,
    failedLogins: createFailedLogins(systemClock),
    requestContext: createRequestContext({ ids: randomIds, log }),
    clock: systemClock,
  });
  const address = { host: '127.0.0.1', port: 0, tls: null };
  const listener = await listen(handler, { ...address, ids: randomIds, log });
  for (const path of ['/', '/v1/threads/thread_1', '/mcp', '/v1/files', '/healthz', '/metrics']) {
    const response = await fetch(listener.url + path);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: {
        message: 'The server had an error processing your request. Sorry about that!',
        type: 'server_error',
        param: null,
        code: null,
      },
    });
    expect(lines.at(-1)).toContain(`"request_id":"${response.headers.get('x-request-id')}"`);
    expect(lines.at(-1)).toContain('"error":"Error: secret details');
  }
  await listener.close();
});
