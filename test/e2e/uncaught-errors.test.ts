import { describe, expect, test } from 'vitest';
import { initialize, parseMessages, type Server, startServer } from './server.ts';

/** Starts a server and makes it run `statement`. */
async function startAndRun(statement: string): Promise<Server> {
  const code = `process.on('SIGUSR2', () => { ${statement} })`;
  const node = [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(code)}`];
  const [command = '', ...args] = node;
  const env = { OPENAI_API_KEY: 'sk-test-1234567890abcdef' };
  const server = startServer({ node: [command, ...args], env });
  await initialize(server);
  server.signal('SIGUSR2');
  return server;
}

describe.skipIf(process.platform === 'win32')('a running server', () => {
  test('keeps console output of libraries out of stdout', async () => {
    const server = await startAndRun("console.log('stray'); console.info('stray too');");
    await server.logged('stray too');
    await server.request('tools/list');
    expect(parseMessages(server.stdout())).toHaveLength(2);
  });

  test('logs an uncaught error without the key and exits with 1', async () => {
    const server = await startAndRun("throw new Error('refused: sk-test-1234567890abcdef')");
    expect(await server.exited).toBe(1);
    expect(parseMessages(server.stdout())).toHaveLength(1);
    expect(server.stderr()).toContain(
      '"message":"uncaught error","error":"Error: refused: [redacted]',
    );
    expect(server.stderr()).not.toContain('1234567890abcdef');
  });

  test('logs an unhandled rejection and exits with 1', async () => {
    const server = await startAndRun("void Promise.reject(new Error('forgotten'))");
    expect(await server.exited).toBe(1);
    expect(server.stderr()).toContain('"error":"Error: forgotten');
  });
});
