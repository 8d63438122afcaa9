import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startBackend } from '../src/index.js';
import * as tensorflow from '../src/tensorflow.js';

const six = (): number => tf.dot([1, 2], [2, 2]).dataSync()[0]!;

describe('startBackend', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('takes TensorFlow where it is set up', async () => {
    const report = await startBackend();
    expect(report.backend).toBe('tensorflow');
    expect(report.version).toMatch(/^\d+\.\d+/);
    expect(tf.getBackend()).toBe('tensorflow');
    expect(six()).toBe(6);
  });

  it('falls back to WASM otherwise, saying why, what it costs and what to do', async () => {
    vi.spyOn(tensorflow, 'loadTensorFlow').mockReturnValue("TensorFlow isn't set up");
    const report = await startBackend();
    expect(report).toMatchObject({
      backend: 'wasm',
      reason: "TensorFlow isn't set up",
      gpu: false,
      compiled: false,
    });
    expect(report.cost).toContain('50 to 100 times');
    expect(report.remedy).toContain('reelbert-engine setup');
    expect(six()).toBe(6);
  });

  it('does not fall back from TensorFlow where that was asked for', async () => {
    vi.spyOn(tensorflow, 'loadTensorFlow').mockReturnValue("TensorFlow isn't set up");
    await expect(startBackend({ backend: 'tensorflow' })).rejects.toThrow(/isn't set up[\s\S]*What to do/);
  });

  it.each(['wasm', 'cpu'] as const)(
    'takes %s where that is asked for, without printing anything',
    async (backend) => {
      const prints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
      expect(await startBackend({ backend })).toMatchObject({ backend, reason: 'it was asked for' });
      expect(six()).toBe(6);
      for (const print of prints) expect(print).not.toHaveBeenCalled();
    },
  );

  it('is told what to take by REELBERT_BACKEND, unless the caller says it', async () => {
    vi.stubEnv('REELBERT_BACKEND', 'cpu');
    const report = await startBackend();
    expect(report).toMatchObject({ backend: 'cpu', reason: 'REELBERT_BACKEND is cpu' });
    expect(report.remedy).not.toContain('set-up');
    expect((await startBackend({ backend: 'wasm' })).backend).toBe('wasm');
    vi.stubEnv('REELBERT_BACKEND', 'quantum');
    await expect(startBackend()).rejects.toThrow(
      'REELBERT_BACKEND: found quantum; expected one of auto, tensorflow, wasm, cpu',
    );
  });
});
