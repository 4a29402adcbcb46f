import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes are started, perhaps many at once on a small machine.
    testTimeout: 30_000,
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
