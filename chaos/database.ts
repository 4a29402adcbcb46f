import { join } from 'node:path';
import { startCluster, clusterUnavailable } from '../test/support/cluster.ts';
import { createSchema } from '../test/support/schema.ts';

/** `restarts` is a PostgreSQL server that is itself restarted. */
export const databaseKinds = ['sqlite', 'postgres', 'restarts'] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

/** An empty database for one chaos run. */
export interface ChaosDatabase {
  readonly database: string;
  /** Restarts the database server, gracefully or as after a crash. */
  readonly restart?: (isGraceful: boolean) => Promise<void>;
  remove(): Promise<void>;
}

/** Why this kind of database is unavailable here; null if it is available. */
export function unavailableReason(kind: DatabaseKind, server: string | null): string | null {
  const isAvailable = kind === 'sqlite' || (kind === 'postgres' && server !== null);
  return isAvailable ? null : clusterUnavailable;
}

async function createCluster(): Promise<ChaosDatabase & Required<Pick<ChaosDatabase, 'restart'>>> {
  const cluster = await startCluster();
  return {
    database: cluster.url,
    async restart(isGraceful) {
      await cluster.stop(isGraceful ? 'fast' : 'immediate');
      await cluster.start();
    },
    remove: () => cluster.remove(),
  };
}

/**
 * Creates a database: a file in `folder`, a schema on `server`, or a new server, which for `restarts`
 * can be restarted.
 */
export async function createChaosDatabase(
  kind: DatabaseKind,
  { folder, server }: { readonly folder: string; readonly server: string | null },
): Promise<ChaosDatabase> {
  if (kind === 'sqlite') {
    return { database: join(folder, 'assistants.db'), remove: () => Promise.resolve() };
  }
  if (kind === 'postgres' && server !== null) {
    const schema = await createSchema(server);
    return { database: schema.url, remove: () => schema.drop() };
  }
  const { restart, ...cluster } = await createCluster();
  return kind === 'restarts' ? { ...cluster, restart } : cluster;
}
