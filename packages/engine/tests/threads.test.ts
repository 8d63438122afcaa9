import { afterAll, expect, it, vi } from 'vitest';

import { startBackend } from '../src/index.js';

afterAll(() => void vi.unstubAllEnvs());

// TensorFlow is loaded once a process, so one start has to tell all.
it('TensorFlow computes with as many threads as it is started with, unless the environment says how many', async () => {
  vi.stubEnv('TF_NUM_INTRAOP_THREADS', '2');
  vi.stubEnv('TF_NUM_INTEROP_THREADS', undefined);
  expect((await startBackend({ threads: 1 })).backend).toBe('tensorflow');
  expect(process.env).toMatchObject({ TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '1' });
  await startBackend({ threads: 3 });
  expect(process.env).toMatchObject({ TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '1' });
});
