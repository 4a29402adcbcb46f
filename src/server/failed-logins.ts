import type { Clock } from '../shared/clock.ts';

const windowMs = 60_000;
/** Wrong tokens in one window that are answered without a delay. */
const freeFailures = 10;
const delayStepMs = 250;
const maxDelayMs = 2000;
/** Further responses are not delayed, so that a flood cannot fill the memory. */
const maxDelayedResponses = 100;
const maxAddresses = 1000;

interface Failures {
  readonly since: number;
  readonly count: number;
}

/** Slows down callers that try wrong tokens. A correct token is never delayed. */
export interface FailedLogins {
  /** Counts a wrong token of a remote address. */
  record(remoteAddress: string): void;
  /** Resolves when a 401 may be sent to the address, or when `signal` aborts. */
  delay(remoteAddress: string, signal: AbortSignal): Promise<void>;
  /** How many addresses are remembered, and how many responses are delayed now. */
  sizes(): { readonly addresses: number; readonly delayed: number };
}

/** An IPv4 address, or the /64 network of an IPv6 address: its user has all addresses in it. */
function networkOf(remoteAddress: string): string {
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/u, '');
  if (!address.includes(':')) return address;
  const [start = ''] = address.split('::');
  return `${start.split(':').slice(0, 4).join(':')}::/64`;
}

/** Counts per address in windows of a minute, and remembers the addresses that failed last. */
export function createFailedLogins(clock: Clock): FailedLogins {
  const failures = new Map<string, Failures>();
  let delayed = 0;
  const recentFailures = (network: string): Failures | null => {
    const found = failures.get(network);
    const age = clock.now() - (found?.since ?? 0);
    // A clock that was set back ends the window, too.
    return found !== undefined && age >= 0 && age < windowMs ? found : null;
  };
  return {
    record(remoteAddress) {
      const network = networkOf(remoteAddress);
      const { since, count } = recentFailures(network) ?? { since: clock.now(), count: 0 };
      failures.delete(network);
      failures.set(network, { since, count: count + 1 });
      const [oldest] = failures.keys();
      if (failures.size > maxAddresses && oldest !== undefined) failures.delete(oldest);
    },
    async delay(remoteAddress, signal) {
      const { count } = recentFailures(networkOf(remoteAddress)) ?? { count: 0 };
      if (count <= freeFailures || delayed >= maxDelayedResponses) return;
      delayed += 1;
      await clock.sleep(Math.min((count - freeFailures) * delayStepMs, maxDelayMs), signal);
      delayed -= 1;
    },
    sizes: () => ({ addresses: failures.size, delayed }),
  };
}
