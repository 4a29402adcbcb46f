import { retryAfter, spentQuota } from './upstream-error.ts';

type Fetch = typeof globalThis.fetch;

/** Milliseconds beyond which the SDK no longer does what Retry-After says. */
const longestWait = 60_000;

async function isQuotaSpent(answer: Response): Promise<boolean> {
  const text = await answer
    .clone()
    .text()
    .catch(() => '');
  return text.includes(spentQuota);
}

/**
 * Keeps the SDK from repeating by itself what it should not: a call whose quota is spent, and one
 * that is to wait for longer than the SDK would. It heeds a header, which is added here.
 */
export const restrained =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const answer = await fetch(input, init);
    if (answer.status !== 429 && answer.status < 500) return answer;
    const isLong = (retryAfter(answer.headers) ?? 0) > longestWait;
    if (!isLong && !(answer.status === 429 && (await isQuotaSpent(answer)))) return answer;
    const headers = new Headers(answer.headers);
    headers.set('x-should-retry', 'false');
    const { status, statusText } = answer;
    return new Response(answer.body, { status, statusText, headers });
  };
