/** Where new identifiers come from; injected like the clock. */
export interface Ids {
  /** An object's id: the prefix (`run_`, `msg_`, …) and 24 base62 characters (contract §1.1). */
  newId(prefix: string): string;
  /** A request's id: `req_` and 32 hexadecimal characters. */
  newRequestId(): string;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random bytes for many ids at once: to draw them takes longer than all the rest of an id. */
const randomPool = new Uint8Array(1024);
let used = randomPool.length;
function nextRandomByte(): number {
  if (used === randomPool.length) {
    crypto.getRandomValues(randomPool);
    used = 0;
  }
  used += 1;
  return randomPool[used - 1] ?? 0;
}

/** All digits alike: a byte that would favour the first of them does not count. */
function digits(count: number): string {
  const unbiasedLimit = 256 - (256 % base62.length);
  let id = '';
  while (id.length < count) {
    const byte = nextRandomByte();
    if (byte < unbiasedLimit) id += base62.charAt(byte % base62.length);
  }
  return id;
}
// The global: importing node:crypto would make every start milliseconds longer.

export const randomIds: Ids = {
  newId: (prefix) => prefix + digits(24),
  newRequestId: () => `req_${crypto.randomUUID().replaceAll('-', '')}`,
};
