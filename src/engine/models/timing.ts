import type { Clock } from '../../clock.ts';
import type { CallReport } from '../observer.ts';
import { type ModelEvent, ModelFailure } from './model.ts';

/** The events of one model call, as they come; `report` hears how it went when it is over. */
export async function* timed(
  events: AsyncIterable<ModelEvent>,
  clock: Clock,
  report: (call: CallReport) => void,
): AsyncGenerator<ModelEvent> {
  const began = clock.now();
  const told = (outcome: CallReport['outcome'], usage: CallReport['usage'] = null) => ({
    outcome,
    usage,
    seconds: Math.max(0, clock.now() - began) / 1000,
  });
  let call: CallReport | null = null;
  try {
    for await (const event of events) {
      if (event.type === 'finished') call = told('succeeded', event.usage);
      yield event;
    }
    call ??= told('failed');
  } catch (error) {
    if (error instanceof ModelFailure) call ??= told('failed');
    throw error;
  } finally {
    report(call ?? told('interrupted'));
  }
}
