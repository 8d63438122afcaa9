import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readSafetensors } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { config, readJson, readMetrics, reelbert, succeed, workFolder, type Ended } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
let finetuned: Ended;
const features = 'data.features=features.zip';
beforeAll(async () => {
  work = await workFolder();
  await cp(dirname(config('tiny-two-stream')), work.folder, { recursive: true });
  await succeed(
    ['clip-pretrain', '--config', 'tiny-tower.yaml', '--out', 'tower', '--set', 'data.folder=clips'],
    work.folder,
  );
  const parts = [];
  for (const name of ['unlabelled', 'labelled', 'test']) {
    const extract = ['features', 'extract', '--model', 'tower', '--frames', 'clips/frames'];
    await succeed([...extract, '--annotations', `clips/${name}.json`, '--out', `${name}.zip`], work.folder);
    parts.push(`${name}.zip`);
  }
  await succeed(['features', 'merge', ...parts, '--out', 'features.zip'], work.folder);
  await succeed(stage('pretrain', 'tiny-two-stream-pretrain', 'pretraining', features), work.folder);
  finetuned = await succeed(
    stage('finetune', 'tiny-two-stream', 'finetuned', features, 'initialWeights=pretraining'),
    work.folder,
  );
}, 300_000);
afterAll(() => work.remove());

const inWork = (path: string) => join(work.folder, path);
const stage = (command: string, name: string, out: string, ...set: string[]) => {
  return [command, '--config', `${name}.yaml`, '--out', out, '--set', 'data.folder=clips', ...set];
};

describe('the two-stream model from pretraining to scores', { timeout: 120_000 }, () => {
  it('pretrains by masked language modelling alone', async () => {
    const [first, ...more] = await readMetrics(inWork('pretraining'));
    expect(Object.keys(first!).filter((name) => name.startsWith('loss.'))).toEqual(['loss.mlm']);
    expect(more.at(-1)!.loss).toBeLessThan(first!.loss!);
  });

  it('fine-tunes from there, with the weights whose names fit', async () => {
    expect(finetuned.stderr).toMatch(/finetune: 84 of 86 parameters start from pretraining/);
    const exported = await readJson(inWork('finetuned/export/config.json'));
    expect(exported).toMatchObject({ kind: 'classifier', architecture: 'lxmert', modality: 'both' });
    const names = Object.keys(await readSafetensors(inWork('finetuned/export/model.safetensors')));
    for (const name of ['cls_token', 'newfc_tag.weight', 'roberta.embeddings.word_embeddings.weight']) {
      expect(names).toContain(name);
    }
  });

  it('predicts and is scored', async () => {
    const predict = ['predict', '--model', 'finetuned', '--annotations', 'clips/test.json', '--out', 'p.csv'];
    await succeed([...predict, '--features', 'features.zip'], work.folder);
    const scores = ['evaluate', '--predictions', 'p.csv', '--annotations', 'clips/test.json', '--json'];
    const { stdout } = await succeed(scores, work.folder);
    expect(JSON.parse(stdout)).toMatchObject({ clips: 4, meanF1: expect.any(Number) });
  });

  it('learns end to end from pixels too, predicting from frames', async () => {
    const set = ['input=pixels', 'tower=tower', 'initialWeights=pretraining', 'data.test=test.json'];
    const { stderr } = await succeed(stage('finetune', 'tiny-two-stream', 'pixels', ...set), work.folder);
    expect(stderr).toMatch(/parameters start from tower/);
    const predict = ['predict', '--model', 'pixels', '--annotations', 'clips/test.json', '--out', 'q.csv'];
    await succeed([...predict, '--frames', 'clips/frames'], work.folder);
    expect(await readFile(inWork('q.csv'), 'utf8')).toBe(
      await readFile(inWork('pixels/test-predictions.csv'), 'utf8'),
    );
  });
});

describe('the program refuses', { timeout: 120_000 }, () => {
  const refused = async (args: string[]) => {
    const ended = await reelbert(args, work.folder);
    expect(ended.status).toBe(2);
    return ended.stderr;
  };

  it('objectives that the two-stream model has not, before any work', async () => {
    const stderr = await refused(
      stage('pretrain', 'tiny-two-stream-pretrain', 'none', 'objectives.itm=true'),
    );
    expect(stderr).toMatch(
      /objectives\.itm: found true; expected false: the two-stream model pretrains by mlm/,
    );
    expect(stderr).not.toContain('making them');
  });

  it('settings of the other architecture, naming the file and what there is', async () => {
    const stderr = await refused(
      stage('finetune', 'tiny-two-stream', 'none', 'model.frameContrast.normalise=true'),
    );
    expect(stderr).toMatch(/tiny-two-stream\.yaml.*model\.frameContrast.*visualLayers, crossLayers/);
  });

  it('a start of which no name fits, before features are made', async () => {
    await succeed(stage('pretrain', 'tiny-pretrain', 'single', features), work.folder);
    const stderr = await refused(stage('finetune', 'tiny-two-stream', 'none', 'initialWeights=single'));
    expect(stderr).toMatch(/single: initialWeights: found no weight that this model has \(roberta\.bert\./);
    expect(stderr).not.toContain('making them');
  });
});
