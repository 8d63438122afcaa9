import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readLogits } from '../src/stages/logits-file.js';
import { config, readJson, readMetrics, reelbert, start, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  work = await workFolder();
  await cp(dirname(config('tiny-folds')), work.folder, { recursive: true });
});
afterAll(() => work.remove());

const inWork = (path: string) => join(work.folder, path);
const folded = (out: string, ...set: string[]) => [
  ...['pipeline', '--config', 'tiny-folds.yaml', '--out', out],
  ...['--set', 'data=clips', ...set],
];

describe('a pipeline on folds', { timeout: 300_000 }, () => {
  it('scores each recipe out of fold, the averages of its models, and the fitted ensembles', async () => {
    const { stdout, stderr } = await succeed(folded('out'), work.folder);
    expect(stdout).toMatch(/^out-of-fold[^]*^model-a .*\.\d{4}[^]*^scores[^]*^ensemble .*\.\d{4}/m);
    expect(stderr).toMatch(
      /ensemble: weights \S+; mean F1 on 3 labelled clips \S+ as fitted, \S+ cross-fitted/,
    );
    expect(await readFile(inWork('out/ensemble/tables.txt'), 'utf8')).toContain('errors correlate');
    expect(await readJson(inWork('out/stacked/report.json'))).toHaveProperty('fit.stacking.weights');
  });

  it('has every labelled clip once in the out-of-fold logits, by the model that never saw it', async () => {
    const labelled = await readJson<{ id: string }[]>(join(work.clips, 'labelled.json'));
    const whole = await readLogits(inWork('out/model-a/logits.safetensors'));
    expect(whole.ids).toEqual(labelled.map((clip) => clip.id));
    for (const fold of [1, 2]) {
      const part = await readLogits(inWork(`out/model-a-fold-${fold}-held-out/logits.safetensors`));
      part.ids.forEach((id, row) => {
        const at = whole.ids.indexOf(id);
        expect(whole.folds![at]).toBe(fold);
        const width = part.categories.length;
        expect(whole.logits.data.subarray(at * width, (at + 1) * width)).toEqual(
          part.logits.data.subarray(row * width, (row + 1) * width),
        );
      });
      expect(part.ids).toHaveLength(whole.folds!.filter((of) => of === fold).length);
    }
  });

  it('lets the held-out clips choose nothing: they are scored once, after the last step', async () => {
    const records = await readMetrics(inWork('out/model-a-fold-1'));
    const scored = records.filter((record) => 'eval.meanF1' in record);
    expect(scored).toHaveLength(1);
    expect(scored[0]!.step).toBe(records.at(-1)!.step);
  });

  it('reuses what is done, and runs what depends on a change of one recipe', async () => {
    const again = await succeed(folded('out'), work.folder);
    expect(again.stdout).toContain(
      'reused: tower, features, model-a, model-b, prediction-a, prediction-b, ensemble, stacked, out-of-fold, scores',
    );
    const changed = await succeed(folded('out', 'stages.model-b.settings.training.epochs=3'), work.folder);
    expect(changed.stdout).toContain('reused: tower, features, model-a, prediction-a');
    expect(changed.stdout).toContain('ran: model-b, prediction-b, ');
  });

  it('trains on all labelled clips with folds=null and given weights', async () => {
    const set = ['folds=null', 'stages.out-of-fold.predictions=[prediction-a]'];
    const weights = ['stages.ensemble.weights=[1, 0.7]', 'stages.stacked.weights=[1, 1]'];
    const labels = ['stages.out-of-fold.annotations=test.json'];
    const { stderr } = await succeed(folded('full', ...set, ...weights, ...labels), work.folder);
    expect(stderr).toContain('ensemble: 2 models, weights 1,0.7');
    expect(existsSync(inWork('full/model-a-fold-1'))).toBe(false);
    const done = await readJson(inWork('full/model-a/done.json'));
    expect(done).toMatchObject({ stage: 'finetune', results: { clips: 3 } });
  });

  it('goes on to the same weights after an interruption in a fold', async () => {
    const set = ['settings.finetune.training.epochs=40'];
    const { child, ended } = start(folded('stopped', ...set), work.folder);
    const metrics = inWork('stopped/model-a-fold-2/metrics.jsonl');
    while (child.exitCode === null) {
      if (existsSync(metrics) && (await readFile(metrics, 'utf8')).split('\n').length > 5) break;
      await setTimeout(5);
    }
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped.status).toBe(75);
    expect(stopped.stderr).toMatch(/interrupted at step \d+; go on with: reelbert pipeline /);

    const resumed = await succeed(folded('stopped', ...set), work.folder);
    expect(resumed.stderr).toMatch(/finetune: done already, reused: stopped\/model-a-fold-1\n/);
    expect(resumed.stderr).toMatch(/finetune: goes on at step \d+/);
    await succeed(folded('whole', ...set), work.folder);
    for (const file of ['model-a/logits.safetensors', 'stacked/predictions.csv', 'ensemble/report.json']) {
      expect(await readFile(inWork(`stopped/${file}`))).toEqual(await readFile(inWork(`whole/${file}`)));
    }
  });
});

describe('a wrong pipeline', { timeout: 60_000 }, () => {
  it.each([
    [
      'folds=null',
      /ensemble\).*weights: found search, but prediction-a, prediction-b predicts? with a model of all/,
    ],
    ['stages.ensemble.weights=[1]', /weights: found 1 \(1\); expected 2, one a member/],
    [
      'stages.ensemble.outOfFold=[model-a, tower]',
      /outOfFold: found 'tower'; expected .* folded finetune stage: model-a/,
    ],
    ['stages.prediction-a.model=model', /model: found 'model'; expected .*model-a, model-b; or a path/],
    [
      'stages.model-a.from=runs/pretrain; stages.model-a.settings.initialWeights=none',
      /model-a\): settings.initialWeights: found "none", and from: runs\/pretrain; expected one of the two/,
    ],
    ['stages.model-c.settings.seed=1', /--set: found stages.model-c; expected the name of a stage: tower/],
    ['stages.model-b.settings.training.epoch=1', /stage 'model-b'.*training.epoch: found unknown key/],
    ['settings.finetune.training.epochs=0', /stage 'model-a'.*training.epochs: found 0; expected at least 1/],
  ])('is refused before anything runs: %s', async (setting, message) => {
    const { status, stderr } = await reelbert(folded('never', ...setting.split('; ')), work.folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(inWork('never'))).toBe(false);
  });
});
