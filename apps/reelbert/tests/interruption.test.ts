import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { config, readMetrics, reelbert, start, succeed, workFolder } from './program.js';

const steps = 150;
let work: Awaited<ReturnType<typeof workFolder>>;
let pretrain: string[];
beforeAll(async () => {
  work = await workFolder();
  const { folder } = work;
  await succeed(
    ['clip-pretrain', '--config', config('tiny-tower'), '--out', 'tower', '--set', 'data.folder=clips'],
    folder,
  );
  const extract = ['--annotations', 'clips/unlabelled.json', '--frames', 'clips/frames', '--model', 'tower'];
  await succeed(['features', 'extract', ...extract, '--out', 'f.zip'], folder);
  const set = ['data.folder=clips', 'data.features=f.zip', `training={epochs: ${steps}}`];
  pretrain = ['pretrain', '--config', config('tiny-pretrain'), '--set', ...set];
}, 120_000);
afterAll(() => work.remove());

/** Interrupts a run once it has written some records. */
async function interrupt(args: readonly string[], run: string, signal: NodeJS.Signals) {
  const { child, ended } = start(args, work.folder);
  const metrics = join(work.folder, run, 'metrics.jsonl');
  while (child.exitCode === null) {
    if (existsSync(metrics) && (await readFile(metrics, 'utf8')).split('\n').length > 5) break;
    await setTimeout(5);
  }
  child.kill(signal);
  return ended;
}

describe('an interrupted pretraining', { timeout: 240_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'saves its state at %s and goes on to the same weights',
    async (signal) => {
      const run = `run-${signal}`;
      const first = await interrupt([...pretrain, '--out', run], run, signal);
      expect(first.status).toBe(75);
      expect(first.stderr).toMatch(/interrupted at step \d+; go on with: reelbert pretrain .* --resume/);
      const done = (await readMetrics(join(work.folder, run))).length;
      expect(done).toBeLessThan(steps);

      const without = await reelbert([...pretrain, '--out', run], work.folder);
      expect(without.status).toBe(2);
      expect(without.stderr).toContain('--resume');

      const resumed = await succeed([...pretrain, '--out', run, '--resume'], work.folder);
      expect(resumed.stderr).toMatch(/goes on at step \d+ of 150/);
      if (!existsSync(join(work.folder, 'whole')))
        await succeed([...pretrain, '--out', 'whole'], work.folder);
      const losses = async (folder: string) =>
        (await readMetrics(join(work.folder, folder))).map(({ loss }) => loss);
      expect(await losses(run)).toEqual(await losses('whole'));
      const weights = (folder: string) => readFile(join(work.folder, folder, 'export/model.safetensors'));
      expect(await weights(run)).toEqual(await weights('whole'));
    },
  );
});
