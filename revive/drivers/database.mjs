import { PGlite } from '@electric-sql/pglite';
import { uuid_ossp } from '@electric-sql/pglite/contrib/uuid_ossp';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** Starts an empty PostgreSQL database in this process; resolves to its port on 127.0.0.1. */
export async function startDatabase() {
  const db = await PGlite.create({ extensions: { uuid_ossp } });
  await db.exec('CREATE EXTENSION "uuid-ossp"');
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 20 });
  const listening = new Promise((resolve) => {
    server.addEventListener('listening', ({ detail }) => resolve(detail.port));
  });
  await server.start();
  return String(await listening);
}
