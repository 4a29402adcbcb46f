import { Kysely, sql } from 'kysely';
import { type ClientConfig, Pool, TypeOverrides } from 'pg';
import { redactedLocation } from '../../../shared/urls.ts';
import { type Capabilities, CapabilityAdapter, trySavepoint } from '../capabilities.ts';
import { DatabaseError } from '../errors.ts';
import { migrate } from '../migrate.ts';
import type { Database, Tables } from '../schema.ts';
import { connectionProblem, hasNoTls, toConnectionString, withoutTls } from './connection-url.ts';
import { ResilientDialect } from './driver.ts';
import { PostgresListener } from './listen.ts';

/** Connections of one process, besides the one that listens. */
const poolSize = 10;

/** For a new connection, or one to become free in the pool. */
const connectTimeoutMs = 10_000;

const queryTimeoutMs = 120_000;

const keepAliveDelayMs = 30_000;

/** Set where the server has none, so that a stopped process does not block the others for long. */
const serverTimeouts = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;
const serverTimeout = '60s';

/** The type's OID; all integers here are safe in JavaScript. */
const int8 = 20;
const types = new TypeOverrides();
types.setTypeParser(int8, Number);

const clientConfig = (url: string): ClientConfig => ({
  connectionString: toConnectionString(url),
  fallback_application_name: 'assistants-mcp',
  connectionTimeoutMillis: connectTimeoutMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: keepAliveDelayMs,
  types,
});

function createPool(url: string): Pool {
  const pool = new Pool({ ...clientConfig(url), max: poolSize, query_timeout: queryTimeoutMs });
  // The next query on a lost connection fails and reports it.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const setTimeouts = sql.join(
  serverTimeouts.map(
    (name) =>
      sql`(select set_config(${name}, ${serverTimeout}, false) where current_setting(${name}) = '0')`,
  ),
);

/** Only for PostgreSQL itself are row locks known to suffice. */
const postgresVersion = /^PostgreSQL \d+(?:\.\d+)* /u;

interface Server {
  readonly version: string;
  readonly schema: string | null;
}

async function identifyServer(db: Database): Promise<Server> {
  const { rows } = await sql<Server>`
    select version() as version, current_schema() as schema`.execute(db);
  const [server] = rows;
  if (server === undefined) throw new Error('it does not report its version');
  return server;
}

const isRealPostgres = ({ version }: Server) => postgresVersion.test(version);

const isolationOf = (server: Server) =>
  isRealPostgres(server) ? 'read committed' : 'serializable';

async function detectCapabilities(
  db: Database,
  url: string,
  server: Server,
): Promise<Capabilities> {
  const channel = `assistants_mcp ${server.schema}`;
  const canNotify = await trySavepoint(db, () =>
    sql`select pg_notify(${channel}, 'queued')`.execute(db),
  );
  const skipLocked = await trySavepoint(db, () =>
    sql`select id from runs where false for update skip locked`.execute(db),
  );
  return {
    isolation: isolationOf(server),
    skipLocked,
    asyncCommit: isRealPostgres(server),
    notifications: canNotify ? new PostgresListener(clientConfig(url), channel) : null,
  };
}

/**
 * Opens and migrates a PostgreSQL database, in the first schema of its search path. Throws a
 * {@link DatabaseError}, whose message never contains the password.
 */
export async function openPostgres(url: string): Promise<Database> {
  const location = redactedLocation(url);
  const pool = createPool(url);
  const adapter = new CapabilityAdapter();
  const dialect = new ResilientDialect(
    {
      pool,
      onCreateConnection: async (connection) => {
        // Servers that only resemble PostgreSQL may not have these settings.
        await connection.executeQuery(setTimeoutsQuery).catch(() => {});
      },
    },
    adapter,
  );
  const db = new Kysely<Tables>({ dialect });
  const setTimeoutsQuery = sql`select ${setTimeouts}`.compile(db);
  try {
    // Fails at once if there is no server, unlike a query, which waits for a restart.
    (await pool.connect()).release();
    const server = await identifyServer(db);
    if (server.schema === null) throw new Error('no schema of its search path exists');
    adapter.capabilities = { ...adapter.capabilities, isolation: isolationOf(server) };
    await migrate(db, location, server.schema);
    adapter.capabilities = await detectCapabilities(db, url, server);
    return db;
  } catch (error) {
    await db.destroy();
    await pool.end().catch(() => {});
    if (error instanceof DatabaseError) throw error;
    const unencrypted = hasNoTls(error) ? withoutTls(url) : null;
    if (unencrypted !== null) return openPostgres(unencrypted);
    throw new DatabaseError(`Cannot open the database ${location}: ${connectionProblem(error)}.`);
  }
}
