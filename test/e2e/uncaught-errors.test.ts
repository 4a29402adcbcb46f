import { describe, expect, test } from 'vitest';
import { initialize, messagesIn, type Server, startServer } from './server.ts';

/** A server in which something unforeseen happens on SIGUSR2. */
async function startWith(accident: string): Promise<Server> {
  const code = `process.on('SIGUSR2', () => { ${accident} })`;
  const node = [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(code)}`];
  const [command = '', ...args] = node;
  const env = { OPENAI_API_KEY: 'sk-test-1234567890abcdef' };
  const server = startServer({ node: [command, ...args], env });
  await initialize(server);
  server.signal('SIGUSR2');
  return server;
}

describe.skipIf(process.platform === 'win32')('by accident', () => {
  test('what a library prints through the console keeps out of the protocol', async () => {
    const server = await startWith("console.log('stray'); console.info('stray too');");
    await server.logged('stray too');
    await server.request('tools/list');
    expect(messagesIn(server.stdout())).toHaveLength(2);
  });

  test('an error that nobody caught is a log line without the key, and exit code 1', async () => {
    const server = await startWith("throw new Error('refused: sk-test-1234567890abcdef')");
    expect(await server.exited).toBe(1);
    expect(messagesIn(server.stdout())).toHaveLength(1);
    expect(server.stderr()).toContain(
      '"message":"uncaught error","error":"Error: refused: [redacted]',
    );
    expect(server.stderr()).not.toContain('1234567890abcdef');
  });

  test('a promise that nobody looked after is no different', async () => {
    const server = await startWith("void Promise.reject(new Error('forgotten'))");
    expect(await server.exited).toBe(1);
    expect(server.stderr()).toContain('"error":"Error: forgotten');
  });
});
