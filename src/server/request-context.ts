import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ids } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** Lets everything that is done for one request go by that request's id. */
export interface Scope {
  /** Does something for a new request. */
  enter<T>(work: (requestId: string) => Promise<T>): Promise<T>;
  /** Within a request, `request` is its id. */
  readonly ids: Ids;
  /** Within a request, every line has its `request_id`. */
  readonly log: Log;
}

export function createScope({ ids, log }: { readonly ids: Ids; readonly log: Log }): Scope {
  const current = new AsyncLocalStorage<string>();
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) => {
      const request_id = current.getStore();
      log[level](message, request_id === undefined ? fields : { request_id, ...fields });
    };
  return {
    enter: (work) => {
      const id = ids.request();
      return current.run(id, () => work(id));
    },
    ids: {
      object: (prefix) => ids.object(prefix),
      request: () => current.getStore() ?? ids.request(),
    },
    log: { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') },
  };
}
