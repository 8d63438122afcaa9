import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readSafetensors } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { config, readJson, reelbert, succeed, workFolder } from './program.js';

// A classifier of frame features, whose tower made them.
let work: Awaited<ReturnType<typeof workFolder>>;
const inWork = (path: string) => join(work.folder, path);
const run = (...args: string[]) => succeed(args, work.folder);
const test = ['--annotations', 'clips/test.json'];

beforeAll(async () => {
  work = await workFolder();
  await run(
    'clip-pretrain',
    '--config',
    config('tiny-tower'),
    '--set',
    'data.folder=clips',
    '--out',
    'tower',
  );
  const frames = ['--frames', 'clips/frames', '--model', 'tower'];
  for (const part of ['labelled', 'test']) {
    await run(
      'features',
      'extract',
      '--annotations',
      `clips/${part}.json`,
      ...frames,
      '--out',
      `${part}.zip`,
    );
  }
  const set = ['--set', 'data.folder=clips', 'initialWeights=none', 'training.batchSize=2'];
  const finetune = ['finetune', '--config', config('tiny-finetune'), ...set];
  await run(...finetune, 'data.features=labelled.zip', '--out', 'named');
  await run(...finetune, 'featureTower=tower', '--out', 'prepared');
  await run(
    'predict',
    '--model',
    'named',
    ...test,
    '--features',
    'test.zip',
    '--out',
    'p.csv',
    '--logits',
    'p.logits',
  );
}, 240_000);
afterAll(() => work.remove());

describe('a model of features that is given frames', { timeout: 120_000 }, () => {
  const frames = ['--frames', 'clips/frames'];
  const logits = async (file: string) => (await readSafetensors(inWork(file))).logits;

  it('predicts what it does from the features that the named tower makes of them', async () => {
    const tower = ['--tower', 'tower/export'];
    await run(
      'predict',
      '--model',
      'named',
      ...test,
      ...frames,
      ...tower,
      '--out',
      'q.csv',
      '--logits',
      'q.logits',
    );
    expect(await readFile(inWork('q.csv'), 'utf8')).toBe(await readFile(inWork('p.csv'), 'utf8'));
    expect(await logits('q.logits')).toEqual(await logits('p.logits'));
  });

  it('takes the tower that its run made the features by', async () => {
    const archive = 'prepared/prerequisites/features/features.zip';
    await run(
      'predict',
      '--model',
      'prepared',
      ...test,
      '--features',
      archive,
      '--out',
      'r.csv',
      '--logits',
      'r.logits',
    );
    await run('predict', '--model', 'prepared', ...test, ...frames, '--out', 's.csv', '--logits', 's.logits');
    expect(await logits('s.logits')).toEqual(await logits('r.logits'));
  });

  it('names the clips whose frames are broken, and predicts them from their texts', async () => {
    const [clip] = await readJson<object[]>(join(work.clips, 'test.json'));
    await writeFile(inWork('more.json'), JSON.stringify([clip, { ...clip, id: 'nowhere' }]));
    const { stderr } = await run(
      ...['predict', '--model', 'prepared', '--annotations', 'more.json', ...frames, '--out', 't.csv'],
    );
    expect(stderr).toContain('1 of 2 clips predicted from what they have (t.csv.quarantine.json)');
    expect(await readFile(inWork('t.csv'), 'utf8')).toMatch(/^nowhere,\d{4}$/m);
  });

  it('refuses where no tower is known, or no frame can be used', async () => {
    const unknown = await reelbert(
      ['predict', '--model', 'named', ...test, ...frames, '--out', 'u.csv'],
      work.folder,
    );
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/a model of frame features; expected --features F\.zip; or .*--tower DIR/);
    const other = ['--frames', 'clips', '--tower', 'tower'];
    const unusable = await reelbert(
      ['predict', '--model', 'named', ...test, ...other, '--out', 'u.csv'],
      work.folder,
    );
    expect(unusable.status).toBe(2);
    expect(unusable.stderr).toMatch(/clips: found usable frames of none of 4 clips/);
  });
});
