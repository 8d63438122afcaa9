import { defineConfig } from 'vitest/config';

// Packages resolve to their TypeScript source, so tests need no build; worker threads alone run what is built.
const conditions = ['@reelbert/source', 'node', 'import'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node'] } },
  test: {
    include: ['{packages,apps,tools}/*/tests/**/*.test.ts'],
    // TensorFlow does not survive in worker threads.
    pool: 'forks',
    testTimeout: 60_000,
  },
});
