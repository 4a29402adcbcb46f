import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';

/** Lets everything that is done for one request go by that request's id. */
export interface RequestContext {
  /** Does something for a new request. */
  run<T>(work: (requestId: string) => Promise<T>): Promise<T>;
  /** Within a request, `request` is its id. */
  readonly ids: Ids;
  /** Within a request, every line has its `request_id`. */
  readonly log: Log;
}

export function createRequestContext({
  ids,
  log,
}: {
  readonly ids: Ids;
  readonly log: Log;
}): RequestContext {
  const current = new AsyncLocalStorage<string>();
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) => {
      const request_id = current.getStore();
      log[level](message, request_id === undefined ? fields : { request_id, ...fields });
    };
  return {
    run: (work) => {
      const id = ids.newRequestId();
      return current.run(id, () => work(id));
    },
    ids: {
      newId: (prefix) => ids.newId(prefix),
      newRequestId: () => current.getStore() ?? ids.newRequestId(),
    },
    log: { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') },
  };
}
