import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { availableSides } from '../src/speed/sides.js';

/** For those whose Python with torch isn't the first on the path. */
const python = process.env['REELBERT_BENCH_PYTHON'] ?? 'python3';
const available = await availableSides(python);
const withoutTorch = ['--python', 'no-such-python'];
/** Many processes, each of which loads TensorFlow or torch. */
const timeout = 600_000;

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'reelbert-bench-test-'));
});
afterEach(() => rm(out, { recursive: true }));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const flags = ['--conditions=@reelbert/source', `--import=${pathOf('../../parity/tests/typescript.mjs')}`];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, pathOf('run-tiny.ts'), '--out', out, ...args],
      (error, stdout, stderr) => {
        resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}

async function history(): Promise<{
  results: { work: string; sides: { side: string; seconds: number[]; peakBytes: number }[] }[];
}> {
  return JSON.parse((await readFile(join(out, 'history.jsonl'), 'utf8')).trim()) as never;
}

describe('bench:run', () => {
  it(
    'measures our side alone where there is no torch, says so, and keeps the figures',
    async () => {
      const arms = ['products', 'pretraining', 'small-pretraining'];
      const { status, stdout, stderr } = await run('--rounds', '2', '--arms', arms.join(), ...withoutTorch);
      expect(stderr).toContain('no-such-python lacks torch, transformers');
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const { results } = await history();
      expect(results.map(({ work }) => work)).toEqual(arms);
      for (const { work, sides } of results) {
        const names = work === 'small-pretraining' ? ['ours', 'ours-eager'] : ['ours'];
        expect([work, ...sides.map(({ side }) => side)]).toEqual([work, ...names]);
        for (const { seconds, peakBytes } of sides) {
          expect(seconds).toHaveLength(2);
          for (const value of seconds) expect(value).toBeGreaterThan(0);
          expect(peakBytes).toBeGreaterThan(1e7);
        }
        expect(stdout).toContain(work);
      }
    },
    timeout,
  );

  it.skipIf(!available.torch)(
    `does the same work by PyTorch (skipped where ${python} has no torch and transformers)`,
    async () => {
      const arms = ['pretraining', 'two-stream', 'jpeg-features'];
      const { status, stderr } = await run('--rounds', '1', '--python', python, '--arms', arms.join());
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const { results } = await history();
      for (const { work, sides } of results) {
        const expected = ['ours', 'reference', 'best'];
        if (work === 'jpeg-features' && available.onnxruntime) expected.push('onnxruntime');
        expect([work, ...sides.map(({ side }) => side)]).toEqual([work, ...expected]);
      }
    },
    timeout,
  );

  it(
    'draws how a step grows with its tokens',
    async () => {
      const { status, stdout } = await run('--lengths', '--rounds', '1');
      expect(status).toBe(0);
      expect(stdout).toMatch(/text tokens +tokens a step +s a step +tokens\/s\n +32 +280 /);
      expect(await readFile(join(out, 'lengths.svg'), 'utf8')).toMatch(/^<svg [^]*<circle [^]*<\/svg>\n$/);
    },
    timeout,
  );

  it(
    'says what recording and first runs take',
    async () => {
      const { status, stdout } = await run('--recording');
      expect(status).toBe(0);
      expect(stdout).toMatch(
        /^1 signatures of training and of prediction: recorded in [\d.]+ s, loaded in [\d.]+ s/,
      );
      expect(stdout).toMatch(/train at 32 tokens: -?[\d.]+ s\n +predict at 32 tokens: -?[\d.]+ s/);
    },
    timeout,
  );

  it(
    'profiles a step',
    async () => {
      const { status, stdout } = await run('--profile', 'finetuning', '--nodes', '3');
      expect(status).toBe(0);
      expect(stdout).toMatch(/^finetuning: [\d.]+ s a step unobserved\n/);
      expect(stdout).toMatch(/^ResourceApplyAdam +\d+ /m);
    },
    timeout,
  );

  it('refuses arms that there are not, and leaves nothing behind', async () => {
    const { status, stderr } = await run('--arms', 'finetuning,pretrainin');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bench:run: .*--arms.*pretrainin.*one of products, pretraining/s);
    expect(await readdir(out)).toEqual([]);
  });
});
