import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { FeatureArchiveReader } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { config, readJson, readMetrics, reelbert, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
let pipeline: string[];
beforeAll(async () => {
  work = await workFolder();
  // Configurations are named relative to where the program runs.
  await cp(dirname(config('tiny-pipeline')), work.folder, { recursive: true });
  pipeline = ['pipeline', '--config', 'tiny-pipeline.yaml', '--set', 'data=clips', '--out', 'out'];
});
afterAll(() => work.remove());

const inWork = (path: string) => join(work.folder, path);

describe('the whole chain on a dozen clips', { timeout: 300_000 }, () => {
  it('ends with predictions for every test clip and the scores of each model and the ensemble', async () => {
    const { stdout } = await succeed(pipeline, work.folder);
    for (const name of ['largest class', 'prediction-0', 'prediction-1', 'prediction-2', 'ensemble']) {
      expect(stdout).toMatch(new RegExp(`^${name} .*\\.\\d{4}`, 'm'));
    }
    const test = await readJson<{ id: string }[]>(join(work.clips, 'test.json'));
    const lines = (await readFile(inWork('out/predictions.csv'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => line.split(',')[0])).toEqual(test.map((clip) => clip.id));
    for (const line of lines) expect(line).toMatch(/^\w+,(0012|0116)$/);
  });

  it('logs every objective', async () => {
    const [first] = await readMetrics(inWork('out/pretraining'));
    for (const name of ['mlm', 'mfm', 'itm', 'ict', 'mmmText', 'mmmFrame']) {
      expect(first).toHaveProperty(`loss.${name}`);
    }
  });

  it('reuses what is done in a second run, and runs what depends on a change', async () => {
    const second = await succeed(pipeline, work.folder);
    expect(second.stdout).toContain(
      'reused: tower, features, pretraining, finetuned-0, finetuned-1, pixels, prediction-0, prediction-1, prediction-2, ensemble, scores',
    );
    const tiny = await readFile(inWork('tiny-pretrain.yaml'), 'utf8');
    await writeFile(inWork('tiny-pretrain.yaml'), tiny.replace('epochs: 4', 'epochs: 5'));
    const third = await succeed(pipeline, work.folder);
    expect(third.stdout).toContain('reused: tower, features, pixels, prediction-2');
    await writeFile(inWork('tiny-pretrain.yaml'), tiny);
  });

  it('gives the same bits in another process', async () => {
    const again = pipeline.map((word) => (word === 'out' ? 'again' : word));
    await succeed(pipeline, work.folder);
    await succeed(again, work.folder);
    for (const file of [
      'pretraining/export/model.safetensors',
      'ensemble/predictions.csv',
      'prediction-2/logits.safetensors',
    ]) {
      expect(await readFile(inWork(`again/${file}`))).toEqual(await readFile(inWork(`out/${file}`)));
    }
  });
});

describe('single stages', { timeout: 300_000 }, () => {
  it('leave out objectives that are switched off', async () => {
    const set = [
      'data.folder=clips',
      'data.features=out/features/features.zip',
      'objectives={itm: false, mmm: false}',
    ];
    await succeed(
      ['pretrain', '--config', 'tiny-pretrain.yaml', '--out', 'some', '--set', ...set],
      work.folder,
    );
    const names = Object.keys((await readMetrics(inWork('some')))[0]!).filter((name) =>
      name.startsWith('loss.'),
    );
    expect(names).toEqual(['loss.mlm', 'loss.mfm', 'loss.ict']);
  });

  it('pretrain on text alone where there are no frames', async () => {
    const args = [
      'pretrain',
      '--config',
      'tiny-pretrain.yaml',
      '--set',
      'data.folder=clips',
      'frames.perClip=0',
    ];
    const textObjectives = 'objectives={mfm: false, itm: false, mmm: false}';
    await succeed([...args, textObjectives, '--out', 'text'], work.folder);
    const losses = Object.keys((await readMetrics(inWork('text')))[0]!).filter((name) =>
      /^loss\./.test(name),
    );
    expect(losses).toEqual(['loss.mlm', 'loss.ict']);

    const refused = await reelbert([...args, '--out', 'refused'], work.folder);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/frames.perClip.*at least 1 with mfm, itm or mmm/);
  });

  it('make the features that they lack, and say so', async () => {
    const args = [
      '--config',
      'tiny-finetune.yaml',
      '--out',
      'alone',
      '--set',
      'data.folder=clips',
      'data.test=test.json',
    ];
    const { stderr } = await succeed(['finetune', ...args, 'featureTower=tiny-tower.yaml'], work.folder);
    expect(stderr).toContain('no features given: making them in alone/prerequisites');
    expect(stderr).toMatch(/mean F1 \S+ on 4 test clips/);
  });

  it('run op by op with --eager, with nearly the same losses', async () => {
    const set = ['data.folder=clips', 'data.features=out/features/features.zip'];
    const args = ['pretrain', '--config', 'tiny-pretrain.yaml', '--out', 'eager', '--eager', '--set', ...set];
    await succeed(args, work.folder);
    const [eager, compiled] = [
      await readMetrics(inWork('eager')),
      await readMetrics(inWork('out/pretraining')),
    ];
    eager.forEach((record, i) => expect(record.loss).toBeCloseTo(compiled[i]!.loss!, 3));
  });

  it('extract shards that merge into the whole archive', async () => {
    const common = [
      'features',
      'extract',
      '--annotations',
      'clips/unlabelled.json',
      '--frames',
      'clips/frames',
    ];
    for (const shard of ['1/2', '2/2']) {
      const out = `part-${shard[0]}.zip`;
      await succeed([...common, '--model', 'out/tower', '--out', out, '--shard', shard], work.folder);
    }
    await succeed(['features', 'merge', 'part-1.zip', 'part-2.zip', '--out', 'merged.zip'], work.folder);
    const whole = await FeatureArchiveReader.open(inWork('out/features/features.zip'));
    const merged = await FeatureArchiveReader.open(inWork('merged.zip'));
    expect(merged.size).toBe(8);
    for (const id of merged.ids) expect(await merged.read(id)).toEqual(await whole.read(id));
    await Promise.all([whole.close(), merged.close()]);
  });

  it('choose the best weights by a fold', async () => {
    const set = ['data.folder=clips', 'data.features=out/features/features.zip', 'training.batchSize=1'];
    const args = [
      'finetune',
      '--config',
      'tiny-finetune.yaml',
      '--out',
      'fold',
      '--folds',
      '2',
      '--fold',
      '1',
    ];
    const { stderr } = await succeed([...args, '--set', ...set], work.folder);
    expect(stderr).toMatch(/best score 0\.\d+ at step/);
  });

  it('refuse a folder with a run of another configuration, saying what differs', async () => {
    const args = [
      'pretrain',
      '--config',
      'tiny-pretrain.yaml',
      '--out',
      'some',
      '--set',
      'data.folder=clips',
    ];
    const ended = await reelbert([...args, 'data.features=out/features/features.zip'], work.folder);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('objectives.itm: found true, where the run in this folder has false');
  });

  it('predict, combine and score from the command line', async () => {
    const predict = [
      'predict',
      '--annotations',
      'clips/test.json',
      '--features',
      'out/features/features.zip',
    ];
    for (const i of [0, 1]) {
      const files = ['--out', `p${i}.csv`, '--logits', `p${i}.safetensors`];
      await succeed([...predict, '--model', `out/finetuned-${i}`, ...files], work.folder);
    }
    await succeed(
      ['ensemble', '--logits', 'p0.safetensors', 'p1.safetensors', '--weights', '1,0.5', '--out', 'e.csv'],
      work.folder,
    );
    const { stdout } = await succeed(
      ['evaluate', '--predictions', 'e.csv', '--annotations', 'clips/test.json', '--json'],
      work.folder,
    );
    expect(JSON.parse(stdout)).toMatchObject({ clips: 4, meanF1: expect.any(Number) });
  });
});
