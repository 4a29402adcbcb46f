import { Kysely, sql } from 'kysely';
import { type ClientConfig, Pool, TypeOverrides } from 'pg';
import { redactedLocation } from '../../../shared/urls.ts';
import { trySavepoint } from '../capabilities.ts';
import { DatabaseError } from '../errors.ts';
import { type Capabilities, CapabilityAdapter } from '../capabilities.ts';
import { migrate } from '../migrate.ts';
import { connectionProblem, hasNoTls, toConnectionString, withoutTls } from './connection-url.ts';
import { ResilientDialect } from './driver.ts';
import { PostgresListener } from './listen.ts';
import type { Database, Tables } from '../schema.ts';

/** Connections of one process, beside the one that listens. */
const poolSize = 10;

/** Milliseconds that a connection may take to be made, or to become free. */
const connectTimeout = 10_000;

/** Milliseconds after which a statement has failed whose answer does not come. */
const answerTimeout = 120_000;

/** Milliseconds of silence after which the other end is asked whether it is there. */
const keepAlive = 30_000;

/** Limits in the server, unless it has some: nobody stopped in the middle holds up the others. */
const limits = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;
const limit = '60s';

/** PostgreSQL's number for int8: whole numbers here are all small enough. */
const int8 = 20;
const types = new TypeOverrides();
types.setTypeParser(int8, Number);

const config = (url: string): ClientConfig => ({
  connectionString: toConnectionString(url),
  fallback_application_name: 'assistants-mcp',
  connectionTimeoutMillis: connectTimeout,
  keepAlive: true,
  keepAliveInitialDelayMillis: keepAlive,
  types,
});

function createPool(url: string): Pool {
  const pool = new Pool({ ...config(url), max: poolSize, query_timeout: answerTimeout });
  // A lost connection is noticed by whoever uses it next, and is nobody's if nobody does.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const setLimits = sql.join(
  limits.map(
    (name) =>
      sql`(select set_config(${name}, ${limit}, false) where current_setting(${name}) = '0')`,
  ),
);

/** PostgreSQL itself, whose row locks are known to be enough. */
const realPostgres = /^PostgreSQL \d+(?:\.\d+)* /u;

interface Server {
  readonly version: string;
  readonly schema: string | null;
}

async function identifyServer(db: Database): Promise<Server> {
  const { rows } = await sql<Server>`
    select version() as version, current_schema() as schema`.execute(db);
  const [server] = rows;
  if (server === undefined) throw new Error('it does not say what it is');
  return server;
}

const isGenuine = ({ version }: Server) => realPostgres.test(version);

const isolationOf = (server: Server) => (isGenuine(server) ? 'read committed' : 'serializable');

async function findFeatures(db: Database, url: string, server: Server): Promise<Capabilities> {
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
    asyncCommit: isGenuine(server),
    notifications: canNotify ? new PostgresListener(config(url), channel) : null,
  };
}

/**
 * Opens the store in a PostgreSQL database, in the schema that its search path begins with, and
 * brings it up to date. Throws {@link DatabaseError}, which never names the password.
 */
export async function openPostgres(url: string): Promise<Database> {
  const name = redactedLocation(url);
  const pool = createPool(url);
  const adapter = new CapabilityAdapter();
  const dialect = new ResilientDialect(
    {
      pool,
      onCreateConnection: async (connection) => {
        await connection.executeQuery(setLimitsQuery).catch(() => {});
      },
    },
    adapter,
  );
  const db = new Kysely<Tables>({ dialect });
  const setLimitsQuery = sql`select ${setLimits}`.compile(db);
  try {
    // Whether there is a server at all is not waited for.
    (await pool.connect()).release();
    const server = await identifyServer(db);
    if (server.schema === null) throw new Error('the schema of its search path does not exist');
    adapter.features = { ...adapter.features, isolation: isolationOf(server) };
    await migrate(db, name, server.schema);
    adapter.features = await findFeatures(db, url, server);
    return db;
  } catch (error) {
    await db.destroy();
    await pool.end().catch(() => {});
    if (error instanceof DatabaseError) throw error;
    const unencrypted = hasNoTls(error) ? withoutTls(url) : null;
    if (unencrypted !== null) return openPostgres(unencrypted);
    throw new DatabaseError(`Cannot open the database ${name}: ${connectionProblem(error)}.`);
  }
}
