import type { EngineOptions } from '../options.ts';
import { EndpointUnreachable } from './owner.ts';
import { findFile } from '../store/files.ts';
import type { Database } from '../store/schema.ts';
import { findUpload } from '../store/uploads.ts';
import { findVectorStore } from '../store/vector-stores.ts';

/** Finds an object of this database by its id. */
type FindById = (db: Database, id: string) => Promise<object | undefined>;

/** The resources that this database or the model endpoint keeps. */
const resources: ReadonlyMap<string, FindById> = new Map<string, FindById>([
  ['files', findFile],
  ['uploads', findUpload],
  ['vector_stores', findVectorStore],
]);

/** Requests that a local copy of an endpoint's file answers. */
const idPath = /^\/v1\/([a-z_]+)(?:\/([^/]+)(?:\/.*)?)?\/?$/u;

/**
 * Whether the engine serves a request for files, uploads or vector stores: its object is in the
 * database, or the database keeps all new ones. True as well when neither can be found out, so that
 * the request fails with that error; false while the endpoint is unreachable, which it says itself.
 */
export async function ownsRequest(
  { db, fileOwner }: Pick<EngineOptions, 'db' | 'fileOwner'>,
  { url }: Pick<Request, 'url'>,
): Promise<boolean> {
  const [, resource = '', id] = idPath.exec(new URL(url).pathname) ?? [];
  const find = resources.get(resource);
  if (find === undefined) return false;
  try {
    if (id !== undefined && (await find(db, id)) !== undefined) return true;
    return (await fileOwner.decide()) === 'local';
  } catch (error) {
    return !(error instanceof EndpointUnreachable);
  }
}
