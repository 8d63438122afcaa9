import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { FeatureArchiveReader, readSafetensors } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { config, readJson, readMetrics, reelbert, start, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  work = await workFolder();
  await cp(dirname(config('tiny-tower')), work.folder, { recursive: true });
  await succeed(train('tower'), work.folder);
}, 60_000);
afterAll(() => work.remove());

const inWork = (path: string) => join(work.folder, path);
const train = (out: string, ...set: string[]) => {
  return ['clip-pretrain', '--config', 'tiny-tower.yaml', '--out', out, '--set', 'data.folder=clips', ...set];
};
const weights = (run: string) => readSafetensors(inWork(`${run}/export/model.safetensors`));

describe('video-text contrast', { timeout: 120_000 }, () => {
  it('logs both directions, and learns its temperature', async () => {
    for (const record of await readMetrics(inWork('tower'))) {
      expect(record.loss).toBeCloseTo((record['loss.image']! + record['loss.text']!) / 2, 5);
    }
    const scale = (await weights('tower'))['model_clip.logit_scale']!;
    expect(scale.shape).toEqual([]);
    expect(scale.data[0]).toBeCloseTo(2.65926, 2);
    expect(scale.data[0]).not.toBeCloseTo(2.65926, 5);
  });

  it('updates text, images and scale at rates of their own', async () => {
    const groups = '[{match: [model_image], frozen: true}, {match: [logit_scale], learningRate: 0}]';
    await succeed(train('rates', `training.optimizer.groups=${groups}`, 'tower=tower'), work.folder);
    const [before, after] = [await weights('tower'), await weights('rates')];
    const image = Object.keys(before).filter((name) => name.startsWith('model_image.'));
    expect(image.length).toBeGreaterThan(20);
    for (const name of image) expect(after[name]).toEqual(before[name]);
    expect(after['model_clip.logit_scale']!.data[0]).toBeCloseTo(2.65926, 5);
    const text = 'model_text.encoder.layer.0.output.dense.weight';
    expect(after[text]).not.toEqual(before[text]);
  });

  it('goes on with a tower, and with the text encoder that it was trained with if asked to', async () => {
    const alone = await succeed(train('alone', 'tower=tower'), work.folder);
    expect(alone.stderr.match(/\d+ of 45 parameters start from tower/g)).toEqual([
      '23 of 45 parameters start from tower',
    ]);
    const both = await succeed(train('both', 'tower=tower', 'initialWeights=auto'), work.folder);
    expect(both.stderr).toContain('clip-pretrain: 22 of 45 parameters start from tower');
    expect((await readMetrics(inWork('both')))[0]!.loss).toBeLessThan(
      (await readMetrics(inWork('alone')))[0]!.loss!,
    );
  });

  it('is a tower for features, and for a classifier of pixels', async () => {
    const extract = [
      'features',
      'extract',
      '--annotations',
      'clips/labelled.json',
      '--frames',
      'clips/frames',
    ];
    await succeed([...extract, '--model', 'tower', '--out', 'f.zip'], work.folder);
    const features = await FeatureArchiveReader.open(inWork('f.zip'));
    const clips = await readJson<{ id: string }[]>(inWork('clips/labelled.json'));
    expect([...features.ids].sort()).toEqual(clips.map((clip) => clip.id).sort());
    expect((await features.read(clips[0]!.id)).shape[1]).toBe(16);
    await features.close();

    const set = [
      'data.folder=clips',
      'input=pixels',
      'tower=tower',
      'training={epochs: 1, optimizer: {learningRate: 0}, ema: {enabled: false}}',
    ];
    const finetune = ['finetune', '--config', 'tiny-finetune.yaml', '--out', 'pixels', '--set', ...set];
    await succeed(finetune, work.folder);
    const [tower, classifier] = [await weights('tower'), await weights('pixels')];
    const name = 'vision_model.encoder.layers.0.mlp.fc1.weight';
    expect(classifier[`visual_backbone.${name}`]).toEqual(tower[`model_image.${name}`]);
  });

  it('refuses starts of another kind', async () => {
    const ended = await reelbert(train('refused', 'initialWeights=pixels'), work.folder);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(/config\.json: kind: found 'classifier'; expected 'bert' or 'clip'/);
  });
});

describe('an interrupted run', { timeout: 240_000 }, () => {
  it('goes on to the same weights, frames drawn and all', async () => {
    const long = [
      'training={epochs: 60}',
      'images={shortSide: 20, augment: {crop: true, flipHorizontally: 0.5}}',
    ];
    const { child, ended } = start(train('cut', ...long), work.folder);
    while (child.exitCode === null) {
      const metrics = await readFile(inWork('cut/metrics.jsonl'), 'utf8').catch(() => '');
      if (metrics.split('\n').length > 5) break;
      await setTimeout(5);
    }
    child.kill('SIGTERM');
    const first = await ended;
    expect(first.status).toBe(75);
    expect(existsSync(inWork('cut/export'))).toBe(false);
    const resumed = await succeed([...train('cut', ...long), '--resume'], work.folder);
    expect(resumed.stderr).toMatch(/goes on at step \d+ of 120/);
    await succeed(train('whole', ...long), work.folder);
    expect(await weights('cut')).toEqual(await weights('whole'));
  });
});
