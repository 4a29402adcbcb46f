import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes are started, perhaps many at once on a small machine.
    testTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // These run in the built program only, where test/e2e sees to them.
      exclude: ['src/cli.ts', 'src/demo/**'],
      thresholds: {
        lines: 90,
        branches: 90,
        'src/engine/runs/machine.ts': { 100: true },
      },
    },
  },
});
