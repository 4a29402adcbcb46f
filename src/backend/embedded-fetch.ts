/** Answers a request in this process. */
type Handler = (request: Request) => Promise<Response>;

/**
 * A `fetch` for the SDK that hands every request to a handler in this process. The handler sees the
 * caller's signal but need not heed it: an abort or a timeout rejects at once, as on a network.
 */
export function inProcessFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const signal = init?.signal ?? request.signal;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    handler(request)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
    return promise;
  };
}
