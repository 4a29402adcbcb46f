import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Files that do not run on PostgreSQL, and why. Single tests use `testDatabase.isPostgres`. */
const sqliteOnly = {
  'test/engine/**/property.test.ts': 'hundreds of databases take too long as schemas of a server',
  'test/engine/hosted-tools/citations.test.ts': 'hundreds of databases, as above',
  'test/engine/models/**': 'requests to the model endpoint do not depend on the database',
  'test/engine/prompt/overflow-wordings.test.ts': 'nor do its errors',
  'test/engine/runs/internal-errors.test.ts': 'it damages tables through node:sqlite',
  'test/engine/store/**': 'these tests open their databases, SQLite and PostgreSQL, themselves',
  'test/engine/streaming/sockets.test.ts': 'hundreds of streams test the process, not the database',
  'test/engine/transfer/**': 'import and export open the file that the test names',
};

/** The engine's tests again, on the PostgreSQL server that ASSISTANTS_TEST_POSTGRES names. */
const postgresProject = {
  extends: true as const,
  test: {
    name: 'postgres',
    include: ['test/engine/**/*.test.ts'],
    exclude: Object.keys(sqliteOnly),
    env: { ASSISTANTS_TEST_DATABASE: 'postgres' },
  },
};

const hasPostgres = process.env['ASSISTANTS_TEST_POSTGRES'] !== undefined;
if (!hasPostgres) {
  process.stderr.write(
    'ASSISTANTS_TEST_POSTGRES is not set: test/engine runs on SQLite only, test/postgres is skipped.\n',
  );
}

export default defineConfig({
  test: {
    // Tests start processes, perhaps many at once on a small machine.
    testTimeout: 30_000,
    maxWorkers: availableParallelism(),
    // A worker imports the source once for all its files: no file changes it for the next one.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'sqlite', include: ['test/**/*.test.ts'] } },
      ...(hasPostgres ? [postgresProject] : []),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The entry runs in the built program, where test/e2e sees to it, and the page in a browser.
      exclude: ['src/cli.ts', 'src/page/**'],
      thresholds: {
        lines: 90,
        branches: 90,
        'src/engine/run-state-machine.ts': { 100: true },
      },
    },
  },
});
