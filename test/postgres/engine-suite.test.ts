import { describe } from 'vitest';
import { testDatabase } from '../support/test-database.ts';
import { postgresServer, withoutPostgres } from '../support/postgres.ts';

/* What the engine does is told by these files, and is the same in PostgreSQL: all of it again. */
const files = [
  ['builtins', 'code'],
  ['builtins', 'containers'],
  ['builtins', 'interruptions'],
  ['engine', 'assistants'],
  ['engine', 'cancel'],
  ['engine', 'context'],
  ['engine', 'deletion'],
  ['engine', 'ended'],
  ['engine', 'expiry'],
  ['engine', 'lists'],
  ['engine', 'message-files'],
  ['engine', 'messages'],
  ['engine', 'paging'],
  ['engine', 'restart'],
  ['engine', 'run-lifecycle'],
  ['engine', 'runs-create'],
  ['engine', 'state-rules'],
  ['engine', 'thread-lock'],
  ['engine', 'threads'],
  ['engine', 'tool-calls'],
  ['engine', 'worker'],
  ['files', 'attachments'],
  ['files', 'kept-copies'],
  ['files', 'unshown-copies'],
  ['stream', 'elsewhere'],
] as const;

testDatabase.isPostgres = true;

describe.skipIf(postgresServer === null)(
  `the engine in PostgreSQL${postgresServer === null ? ` (${withoutPostgres})` : ''}`,
  async () => {
    for (const [folder, file] of files) await import(`../${folder}/${file}.test.ts`);
  },
);
