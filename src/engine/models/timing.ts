import type { Clock } from '../../shared/clock.ts';
import type { ModelCallReport } from '../observer.ts';
import type { ModelEvent } from './model.ts';

interface Timing {
  readonly clock: Clock;
  /** Aborts when the call is to be broken off. */
  readonly signal: AbortSignal;
  /** Hears once how the call went. */
  readonly report: (call: ModelCallReport) => void;
}

/** The events of one model call as they come, and a report of it. */
export async function* withReport(
  events: AsyncIterable<ModelEvent>,
  { clock, signal, report }: Timing,
): AsyncGenerator<ModelEvent> {
  const began = clock.now();
  let isTold = false;
  const reportCall = (outcome: ModelCallReport['outcome'], usage: ModelCallReport['usage'] = null) => {
    if (!isTold) report({ outcome, usage, seconds: Math.max(0, clock.now() - began) / 1000 });
    isTold = true;
  };
  try {
    for await (const event of events) {
      if (event.type === 'finished') reportCall('succeeded', event.usage);
      yield event;
    }
    reportCall('failed');
  } catch (error) {
    if (!signal.aborted) reportCall('failed');
    throw error;
  } finally {
    reportCall('interrupted');
  }
}
