import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';

/** Gives the engine and the log the id of the HTTP request that they work for. */
export interface RequestContext {
  /** Runs `work` as a new request. */
  run<T>(work: (requestId: string) => Promise<T>): Promise<T>;
  /** Within a request, `newRequestId` returns that request's id. */
  readonly ids: Ids;
  /** Within a request, adds `request_id` to every line. */
  readonly log: Log;
}

interface RequestContextDeps {
  readonly ids: Ids;
  readonly log: Log;
}

export function createRequestContext({ ids, log }: RequestContextDeps): RequestContext {
  const currentId = new AsyncLocalStorage<string>();
  const withRequestId =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) => {
      const request_id = currentId.getStore();
      log[level](message, request_id === undefined ? fields : { request_id, ...fields });
    };
  return {
    run: (work) => {
      const requestId = ids.newRequestId();
      return currentId.run(requestId, () => work(requestId));
    },
    ids: {
      newId: (prefix) => ids.newId(prefix),
      newRequestId: () => currentId.getStore() ?? ids.newRequestId(),
    },
    log: {
      error: withRequestId('error'),
      warn: withRequestId('warn'),
      info: withRequestId('info'),
      debug: withRequestId('debug'),
    },
  };
}
