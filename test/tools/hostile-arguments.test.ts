import { expect, test } from 'vitest';
import { setup } from '../support/engine.ts';
import { connectTools } from '../support/mcp.ts';

/** Computing time of a failed call, in microseconds, with the error that it gets. */
async function timeFailure(thread_id: string) {
  const { openai } = await setup();
  const host = await connectTools({ openai, secrets: ['sk-caller'] });
  const start = process.cpuUsage();
  const { failed, text } = await host.call('get_thread', { thread_id });
  const { user } = process.cpuUsage(start);
  return { failed, text, log: host.logLines.join(''), user };
}

test.each([
  ['spaces', ' '],
  ['words before spaces', 'Bearer '],
  ['letters', 'a'],
  ['URLs', 'a://a:'],
])('an id of 50,000 %s is answered at once', async (_, unit) => {
  const idOf = (length: number) => `thread_${unit.repeat(length / unit.length)}`;
  await timeFailure(idOf(1000));
  const short = await timeFailure(idOf(25_000));
  const long = await timeFailure(idOf(50_000));
  expect(long).toMatchObject({ failed: true, text: expect.stringContaining('No thread found') });
  expect(long.text.length).toBeLessThan(4000);
  expect(long.log.length).toBeLessThan(20_000);
  // A quadratic pattern takes seconds for this.
  expect(long.user < 500_000 || long.user / short.user < 3).toBe(true);
});
