import { expect, test } from 'vitest';
import { createFailedLogins } from '../../src/server/failed-logins.ts';
import { createClock } from '../support/clock.ts';
import { startServe } from '../support/serve.ts';

const token = 'let-me-in-0123456789-abcdefgh';
const env = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };

const never = new AbortController().signal;

const times = (count: number, act: () => void) => {
  for (let index = 0; index < count; index += 1) act();
};

function setup() {
  const clock = createClock();
  const logins = createFailedLogins(clock);
  /** The milliseconds for which a 401 to the address is delayed. */
  const delayMs = async (address: string): Promise<number> => {
    const before = clock.now();
    const ended = logins.delay(address, never).then(() => clock.now() - before);
    await clock.advance(2000);
    return ended;
  };
  return { clock, logins, delayMs };
}

test('the eleventh wrong token of a minute is delayed, and each further one longer, to 2 s', async () => {
  const { logins, delayMs } = setup();
  times(10, () => logins.record('203.0.113.7'));
  expect(await delayMs('203.0.113.7')).toBe(0);
  const delays: number[] = [];
  for (let count = 11; count <= 20; count += 1) {
    logins.record('203.0.113.7');
    delays.push(await delayMs('203.0.113.7'));
  }
  expect(delays).toEqual([250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2000, 2000]);
  expect(await delayMs('203.0.113.8')).toBe(0);
});

test('the count starts again after a minute, and when the clock is set back', async () => {
  const { clock, logins, delayMs } = setup();
  times(11, () => logins.record('203.0.113.7'));
  await clock.advance(60_000);
  expect(await delayMs('203.0.113.7')).toBe(0);
  times(11, () => logins.record('203.0.113.7'));
  expect(await delayMs('203.0.113.7')).toBe(250);
  await clock.advance(-3_600_000);
  expect(await delayMs('203.0.113.7')).toBe(0);
});

test.each([
  ['::ffff:203.0.113.7', '203.0.113.7', true],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::99', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db9::1', false],
  ['203.0.113.7', '203.0.113.8', false],
])('%s and %s count together: %s', async (one, other, together) => {
  const { logins, delayMs } = setup();
  times(11, () => logins.record(one));
  expect(await delayMs(other)).toBe(together ? 250 : 0);
});

test('1,000 addresses are remembered, and the one that failed longest ago is forgotten', async () => {
  const { logins, delayMs } = setup();
  times(11, () => logins.record('203.0.113.7'));
  let address = 0;
  const recordOther = () => logins.record(`10.0.${address >> 8}.${(address += 1) & 255}`);
  times(999, recordOther);
  logins.record('203.0.113.7');
  times(999, recordOther);
  expect(logins.sizes().addresses).toBe(1000);
  expect(await delayMs('203.0.113.7')).toBe(500);
  times(1000, recordOther);
  expect(await delayMs('203.0.113.7')).toBe(0);
});

test('100 responses are delayed at once, and an aborted request ends its delay', async () => {
  const { clock, logins } = setup();
  times(30, () => logins.record('203.0.113.7'));
  const aborted = new AbortController();
  const held = Array.from({ length: 100 }, () => logins.delay('203.0.113.7', aborted.signal));
  expect(logins.sizes().delayed).toBe(100);
  await logins.delay('203.0.113.7', never);
  aborted.abort();
  await Promise.all(held);
  expect(logins.sizes().delayed).toBe(0);
  await clock.advance(0);
});

test('serve delays 401s after ten wrong tokens, and never the correct token', async () => {
  const clock = createClock();
  const served = await startServe({ env, clock });
  const get = (headers: Record<string, string>) =>
    fetch(`${served.url}/v1/assistants`, { headers });
  const withKey = (key: string) => get({ authorization: `Bearer ${key}` });
  for (let count = 0; count < 10; count += 1) expect((await withKey('wrong')).status).toBe(401);
  let answered = 0;
  const late = [withKey('wrong'), get({})].map(async (response) => {
    const { status } = await response;
    answered += 1;
    return status;
  });
  for (let count = 0; count < 5; count += 1) expect((await withKey(token)).status).toBe(200);
  expect(answered).toBe(0);
  await clock.advance(2000);
  expect(await Promise.all(late)).toEqual([401, 401]);
  expect((await withKey(token)).status).toBe(200);
});
