import { defineConfig } from 'vitest/config';

/** The engine's tests again, on the PostgreSQL server that ASSISTANTS_TEST_POSTGRES names. */
const postgresProject = {
  extends: true as const,
  test: {
    name: 'postgres',
    include: ['test/engine/**/*.test.ts'],
    env: { ASSISTANTS_TEST_DATABASE: 'postgres' },
  },
};

export default defineConfig({
  test: {
    // Tests start processes, perhaps many at once on a small machine.
    testTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'sqlite', include: ['test/**/*.test.ts'] } },
      ...(process.env['ASSISTANTS_TEST_POSTGRES'] === undefined ? [] : [postgresProject]),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The entry runs in the built program only, where test/e2e sees to it.
      exclude: ['src/cli.ts'],
      thresholds: {
        lines: 90,
        branches: 90,
        'src/engine/run-state-machine.ts': { 100: true },
      },
    },
  },
});
