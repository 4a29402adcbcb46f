import { ApiError, errorReason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { errors } from '../http/errors.ts';
import { EndpointFilesError } from '../models/endpoint-files.ts';
import { type EndpointOptions, isOpenAI } from '../models/endpoint.ts';
import { hasFilesAndStores } from '../models/file-support.ts';

/** Who keeps new files, uploads and vector stores: this database or the model endpoint. */
export type FileKeeper = 'local' | 'endpoint';

/** The endpoint cannot be asked; whoever sends it a request gets the same error. */
export class EndpointUnreachable extends ApiError {
  constructor(error: unknown) {
    super(502, errors.unreachable(errorReason(error)).message);
  }
}

/** Finds out who keeps files. */
export interface FileOwner {
  /** Throws a 502 while the endpoint cannot be asked; asks again the next time. */
  decide(): Promise<FileKeeper>;
  /** What has been found out; null: nothing yet. */
  known(): FileKeeper | null;
}

export interface FileOwnerOptions {
  readonly setting: 'auto' | FileKeeper;
  readonly isScripted: boolean;
  readonly endpoint: EndpointOptions;
  readonly log: Pick<Log, 'info'>;
}

/** What needs no question; null: the endpoint has to be asked. */
function certainKeeper({ setting, isScripted, endpoint }: FileOwnerOptions): FileKeeper | null {
  if (setting !== 'auto') return setting;
  if (isScripted) return 'local';
  return isOpenAI(endpoint) ? 'endpoint' : null;
}

/** Creates what decides, once for all, who keeps files. The decision is logged. */
export function createFileOwner(options: FileOwnerOptions): FileOwner {
  const { endpoint, log } = options;
  let known = certainKeeper(options);
  let isLogged = false;
  let asking: Promise<FileKeeper> | undefined;
  const ask = async (): Promise<FileKeeper> => {
    try {
      return (await hasFilesAndStores(endpoint)) ? 'endpoint' : 'local';
    } catch (error) {
      const isReached = error instanceof EndpointFilesError && error.status !== null;
      throw isReached
        ? errors.unknownFileKeeper(errorReason(error))
        : new EndpointUnreachable(error);
    } finally {
      asking = undefined;
    }
  };
  return {
    known: () => known,
    async decide() {
      known ??= await (asking ??= ask());
      if (!isLogged) {
        isLogged = true;
        log.info('files are kept', {
          by: known === 'local' ? 'this database' : 'the model endpoint',
        });
      }
      return known;
    },
  };
}
