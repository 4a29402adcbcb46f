import { describe } from 'vitest';
import { home } from '../support/home.ts';
import { postgresServer, withoutPostgres } from '../support/postgres.ts';

/* What the engine does is told by these files, and is the same in PostgreSQL: all of it again. */
const files = [
  'assistants',
  'lists',
  'message-files',
  'messages',
  'paging',
  'run-lifecycle',
  'runs-create',
  'state-rules',
  'thread-lock',
  'threads',
  'tool-calls',
];

home.isPostgres = true;

describe.skipIf(postgresServer === null)(
  `the engine in PostgreSQL${postgresServer === null ? ` (${withoutPostgres})` : ''}`,
  async () => {
    for (const file of files) await import(`../engine/${file}.test.ts`);
  },
);
