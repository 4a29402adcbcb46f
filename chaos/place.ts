import { join } from 'node:path';
import { startCluster, clusterUnavailable } from '../test/support/cluster.ts';
import { createSchema } from '../test/support/schema.ts';

/** Where the chaos takes place. */
export const kinds = ['sqlite', 'postgres', 'restarts'] as const;
export type Kind = (typeof kinds)[number];

/** A database to be had to oneself. */
export interface Place {
  readonly database: string;
  /** Restarts the database's server, in order or as after a crash. */
  readonly restart?: (isGentle: boolean) => Promise<void>;
  remove(): Promise<void>;
}

/** Why there can be no such place here; null when there can. */
export function whyNoPlace(kind: Kind, server: string | null): string | null {
  const isGiven = kind === 'sqlite' || (kind === 'postgres' && server !== null);
  return isGiven ? null : clusterUnavailable;
}

async function createCluster(): Promise<Place & Required<Pick<Place, 'restart'>>> {
  const cluster = await startCluster();
  return {
    database: cluster.url,
    async restart(isGentle) {
      await cluster.stop(isGentle ? 'fast' : 'immediate');
      await cluster.start();
    },
    remove: () => cluster.remove(),
  };
}

/**
 * Makes a place: a file in the folder, a schema of the server that a URL names, or a server of its
 * own, which for `restarts` can be restarted.
 */
export async function createPlace(
  kind: Kind,
  { folder, server }: { readonly folder: string; readonly server: string | null },
): Promise<Place> {
  if (kind === 'sqlite') {
    return { database: join(folder, 'assistants.db'), remove: () => Promise.resolve() };
  }
  if (kind === 'postgres' && server !== null) {
    const schema = await createSchema(server);
    return { database: schema.url, remove: () => schema.drop() };
  }
  const { restart, ...rest } = await createCluster();
  return kind === 'restarts' ? { ...rest, restart } : rest;
}
