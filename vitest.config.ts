import { defineConfig } from 'vitest/config';

/** One project a test layer. `interop` needs root, namespaces and Debian packages: scripts/test.sh brings them. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          environment: 'node',
          setupFiles: ['test/harness/generated-sizes.ts'],
          // Seconds on an idle machine; a busy one with two cores must not make them fail.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          environment: 'node',
          setupFiles: ['test/harness/generated-sizes.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Mostly waiting for the other end; each file has namespaces of its own.
          maxWorkers: 2,
        },
      },
      {
        test: {
          // By itself: a gateway that gets no time to run loses packets of its own.
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          environment: 'node',
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          globalSetup: 'test/e2e/build.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
