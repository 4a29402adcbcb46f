import { integer } from '../schema/common.ts';
import type { ApiResponse } from './sdk-call.ts';
import type { ToolContext } from './tool.ts';

const firstDelayMs = 250;
const maxDelayMs = 1000;

/** Bounds of the `openai-poll-after-ms` header that a server may send. */
const pollAfterBoundsMs = { min: 20, max: 5000 };

/** A poll may take at least this long, even when less of the wait remains. */
const minTimeoutMs = 1000;

/** For calls that do not say how long to wait. */
export const defaultWaitSeconds = 30;

/** The argument `wait_seconds` of every tool that waits. */
export const waitSeconds = (defaultSeconds: number = defaultWaitSeconds) =>
  integer(0, 45)
    .exactOptional()
    .meta({ description: `Seconds to wait; default ${defaultSeconds}` });

/** The server's own poll delay, if it sends one. */
function pollDelayMs(headers: Headers, fallbackMs: number): number {
  const delayMs = Number.parseInt(headers.get('openai-poll-after-ms') ?? '', 10);
  if (Number.isNaN(delayMs)) return fallbackMs;
  return Math.min(Math.max(delayMs, pollAfterBoundsMs.min), pollAfterBoundsMs.max);
}

/** How an object is polled. */
interface PollOptions<Body> {
  readonly maxSeconds: number;
  readonly isRunning: (object: Body) => boolean;
  /** Reads the object again. */
  readonly read: (latest: Body, signal: AbortSignal) => Promise<ApiResponse<Body>>;
  /**
   * Takes each state after which the call goes on. Clients disconnect a server whose progress they
   * read together with the answer, after which they know no progress of the call.
   */
  readonly report?: (object: Body) => Promise<void>;
}

/**
 * Polls an object and returns its latest known state. Ends when it stops running, after `maxSeconds`,
 * on a failed poll, or when the client or this server aborts.
 */
export async function poll<Body>(
  first: ApiResponse<Body>,
  { maxSeconds, isRunning, read, report = async () => {} }: PollOptions<Body>,
  { clock, signal, closing }: ToolContext,
): Promise<Body> {
  const deadline = clock.now() + maxSeconds * 1000;
  let object = first.body;
  let delayMs = pollDelayMs(first.headers, firstDelayMs);
  while (isRunning(object) && clock.now() < deadline && !closing.aborted) {
    await report(object);
    await clock.sleep(Math.min(delayMs, deadline - clock.now()), signal);
    if (signal.aborted) break;
    const timeoutMs = Math.max(deadline - clock.now(), minTimeoutMs);
    const pollSignal = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const response = await read(object, pollSignal).catch(() => null);
    if (response === null) break;
    object = response.body;
    delayMs = pollDelayMs(response.headers, Math.min(delayMs * 2, maxDelayMs));
  }
  return object;
}
