import type { StreamEvent } from './event-bus.ts';

/* How a stream ends that no run's end can end (contract §7.6): one `error` event. */

const fault = (message: string): StreamEvent => ({
  event: 'error',
  data: { message, type: 'server_error', param: null, code: null },
});

/** The engine itself failed; the run is taken up again later. */
export const internalErrorEvent = fault(
  'The server had an error processing your request. Sorry about that!',
);

/** The process ends before the run does. */
export const shutdownEvent = fault('The server is going down. The run goes on when it is back.');

/** The run is gone, and its thread with it. */
export const threadDeleted = fault('The thread was deleted while its run was streamed.');
