import { cp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readSafetensors, type NdArray, type NdArrays } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { finetuneSchema } from '../src/config/finetune-config.js';
import { loadConfig } from '../src/config/presets.js';
import { buildClassifier, shapeOf } from '../src/stages/classifier.js';
import { config, readMetrics, reelbert, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  work = await workFolder();
  await cp(dirname(config('tiny-frozen-tower')), work.folder, { recursive: true });
});
afterAll(() => work.remove());

const inWork = (path: string) => join(work.folder, path);
const finetune = (out: string, ...set: string[]) => {
  const settings = ['data.folder=clips', 'folds={count: 2, fold: 1}', 'training.batchSize=1', ...set];
  return ['finetune', '--config', 'tiny-frozen-tower.yaml', '--out', out, '--set', ...settings];
};
const weights = (run: string): Promise<NdArrays> =>
  readSafetensors(inWork(`${run}/export/model.safetensors`));

describe.each([
  ['single-stream', 'model.pooling=masked'],
  ['single-stream, padding averaged over', 'model.pooling=all'],
  ['two-stream', 'architecture=lxmert'],
])('fine-tuning a %s model with frozen layers computed once', { timeout: 120_000 }, (name, setting) => {
  const run = (part: string) => `${name.replace(/\W+/g, '-')}-${part}`;
  beforeAll(async () => {
    const settings = [setting, 'training.evaluateEvery=0'];
    await succeed(finetune(run('plain'), ...settings), work.folder);
    await succeed(finetune(run('cached'), ...settings, 'visionCache=true'), work.folder);
  }, 120_000);

  it('has the losses and scores of computing them each time', async () => {
    const plain = await readMetrics(inWork(run('plain')));
    const cached = await readMetrics(inWork(run('cached')));
    expect(cached).toHaveLength(plain.length);
    plain.forEach((record, i) => {
      for (const [key, value] of Object.entries(record).filter(([key]) => /^(loss|eval)/.test(key))) {
        expect(Math.abs(cached[i]![key]! - value)).toBeLessThanOrEqual(1e-5);
      }
    });
  });

  it('leaves frozen layers as they were, to the bit, and trains the others', async () => {
    const settings = [setting, 'input=pixels'];
    const given = await loadConfig(finetuneSchema, inWork('tiny-frozen-tower.yaml'), settings);
    const before = buildClassifier(shapeOf(given), 2).parameters.initialState(given.seed);
    const after = await readSafetensors(inWork(`${run('cached')}/export/model.safetensors`));
    const tower = Object.keys(after).filter((key) => key.startsWith('visual_backbone'));
    const bytes = ({ data }: NdArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const changed = tower.filter((key) => !bytes(after[key]!).equals(bytes(before[key]!)));
    expect(tower).toHaveLength(7 + 4 * 16);
    expect(changed.length).toBeGreaterThan(20);
    for (const key of changed) expect(key).toMatch(/encoder\.layers\.[23]\./);
  });
});

describe('the cache', { timeout: 120_000 }, () => {
  const states = async (folder: string) => {
    const [key] = await readdir(inWork(folder));
    return join(inWork(folder), key!, 'states.f32');
  };

  it('is shared by runs that name a folder, and computed where a clip has changed', async () => {
    await succeed(finetune('first', 'visionCache=shared'), work.folder);
    const file = await states('shared');
    const { size } = await stat(file);
    const { stderr } = await succeed(
      finetune('second', 'visionCache=shared', 'seed=0', 'training.epochs=2'),
      work.folder,
    );
    expect(stderr).not.toContain('error');
    expect((await stat(file)).size).toBe(size);

    const clips = JSON.parse(await readFile(inWork('clips/labelled.json'), 'utf8')) as { id: string }[];
    const { id } = clips[0]!;
    await utimes(inWork(`clips/frames/${id.slice(-3)}/${id}.zip`), 1, 1);
    await succeed(finetune('third', 'visionCache=shared', 'training.epochs=2'), work.folder);
    expect((await stat(file)).size).toBeGreaterThan(size);
    expect((await stat(file)).size).toBeLessThan(2 * size);
  });

  it('goes on where an interrupted computation was cut off', async () => {
    await succeed(finetune('whole', 'visionCache=whole-cache'), work.folder);
    const file = await states('whole-cache');
    const index = join(dirname(file), 'index.jsonl');
    const lines = (await readFile(index, 'utf8')).split('\n');
    await writeFile(index, lines.slice(0, 3).join('\n') + '\n' + lines[3]!.slice(0, 9));
    const again = await succeed(finetune('again', 'visionCache=whole-cache'), work.folder);
    expect(again.stderr).not.toContain('error');
    expect(await weights('again')).toEqual(await weights('whole'));
  });

  it('is refused where nothing is frozen, frames are varied, or there are no pixels', async () => {
    const cases = [
      ['training.optimizer.groups=[]', /visionCache: found a tower that is trained/],
      ['images.augment.crop=true', /images\.augment.*no variation with visionCache/],
      ['input=features', /visionCache: found true; expected false/],
      ['vision.attentionDropout=0.1', /vision\.attentionDropout.*0 with visionCache/],
    ] as const;
    for (const [setting, message] of cases) {
      const ended = await reelbert(finetune('refused', 'visionCache=true', setting), work.folder);
      expect(ended.status).toBe(2);
      expect(ended.stderr).toMatch(message);
    }
  });
});
