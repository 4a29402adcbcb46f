import { errorReason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { errors } from '../http/errors.ts';
import type { EndpointOptions } from '../models/endpoint.ts';
import { isOpenAI } from '../models/endpoint.ts';
import { hasFilesAndStores } from '../models/file-support.ts';

/** Who keeps new files, uploads and vector stores: this database or the model endpoint. */
export type FileKeeper = 'local' | 'endpoint';

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
      throw errors.unreachable(
        `it cannot be asked whether it keeps files (${errorReason(error)}); set --files to local or endpoint, or try again`,
      );
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
