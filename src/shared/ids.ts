/** Generates ids; injected so that tests can predict them. */
export interface Ids {
  /** An object's id: the prefix (`run_`, `msg_`, …) and 24 base62 characters (contract §1.1). */
  newId(prefix: string): string;
  /** A request's id: `req_` and 32 hexadecimal characters. */
  newRequestId(): string;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// The global `crypto` is used because importing node:crypto makes every start slower.

/** Random bytes for many ids, because one call per id would be slow. */
const randomPool = new Uint8Array(1024);
let nextIndex = randomPool.length;
function nextRandomByte(): number {
  if (nextIndex === randomPool.length) {
    crypto.getRandomValues(randomPool);
    nextIndex = 0;
  }
  nextIndex += 1;
  return randomPool[nextIndex - 1] ?? 0;
}

/** Bytes from here on are skipped: they would make the first digits more likely. */
const unbiasedLimit = 256 - (256 % base62.length);

function randomDigits(count: number): string {
  let id = '';
  while (id.length < count) {
    const byte = nextRandomByte();
    if (byte < unbiasedLimit) id += base62.charAt(byte % base62.length);
  }
  return id;
}

export const randomIds: Ids = {
  newId: (prefix) => prefix + randomDigits(24),
  newRequestId: () => `req_${crypto.randomUUID().replaceAll('-', '')}`,
};
