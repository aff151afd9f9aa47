import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Ends each run with one line, and makes a skip a failure in CI.
    reporters: ['default', './test/support/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A net for what hangs; a busy machine is no reason to fail.
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
