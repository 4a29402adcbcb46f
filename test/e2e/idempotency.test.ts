import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type Server, startServer, temporaryFolder } from './server.ts';

const listening = z.looseObject({ message: z.literal('listening'), rest: z.string() });
const threads = z.object({ data: z.array(z.looseObject({ id: z.string() })) });

async function baseURLOf(server: Server): Promise<string> {
  await server.logged('"listening"');
  const lines = server.stderr().split('\n');
  const line = lines.find((text) => text.includes('"listening"')) ?? '';
  return listening.parse(JSON.parse(line)).rest;
}

const serve = (file: string) =>
  startServer({
    args: ['serve', '--port', '0', '--database', file],
    env: { ASSISTANTS_MODEL_API: 'scripted' },
  });

/** Waits until a thread is in the database. */
async function waitForThread(file: string): Promise<void> {
  const database = new DatabaseSync(file, { readOnly: true });
  const count = database.prepare('select count(*) as count from threads');
  while (count.get()?.['count'] === 0) await setTimeout(1);
  database.close();
}

test('a request repeated after its server was killed is answered with what it created', async () => {
  const file = join(temporaryFolder(), 'keys.db');
  const killed = serve(file);
  const { port, host } = new URL(await baseURLOf(killed));
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/threads HTTP/1.1\r\nHost: ${host}\r\nIdempotency-Key: key-1\r\nContent-Length: 2\r\n\r\n{}`,
  );
  // The client never reads the answer.
  socket.pause();
  await waitForThread(file);
  killed.signal('SIGKILL');
  await killed.exited;
  socket.destroy();
  const baseURL = await baseURLOf(serve(file));
  const post = async () => {
    const headers = { 'idempotency-key': 'key-1' };
    const response = await fetch(`${baseURL}/threads`, { method: 'POST', headers, body: '{}' });
    return { replayed: response.headers.get('idempotent-replayed'), thread: await response.json() };
  };
  const { data } = threads.parse(await (await fetch(`${baseURL}/threads`)).json());
  expect(data).toHaveLength(1);
  expect(await post()).toEqual({ replayed: 'true', thread: data[0] });
});
