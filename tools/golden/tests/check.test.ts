import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { readSafetensors, writeSafetensors, type NdArray } from '@reelbert/data';
import { describe, expect, test } from 'vitest';

import { checkHere, runCheck, smallSet, withCopy } from './run-check.js';

const patient = 300_000;

/** Changes one tensor of a set's file. */
async function change(folder: string, file: string, name: string, edit: (tensor: NdArray) => NdArray) {
  const path = join(folder, `${file}.safetensors`);
  const tensors = await readSafetensors(path);
  await writeSafetensors(path, { ...tensors, [name]: edit(tensors[name]!) });
}

function withOther(tensor: NdArray, at: number, by: number): NdArray {
  const data = tensor.data.slice();
  data[at]! += by;
  return { ...tensor, data };
}

describe('a set', () => {
  test(
    'passes as PyTorch made it, on the compiled path where there is one',
    async () => {
      const { status, stdout, stderr } = await runCheck(['--dir', smallSet]);
      expect(stderr).not.toContain('    at ');
      expect(stdout).toMatch(/\d+ comparisons: (\d+) within tolerance, 0 over\nPASSED\n$/);
      expect(stdout).not.toContain('not in the set');
      expect(stdout).toMatch(/ {2}scores +1 +\S+e-\d +\S+e-\d +abs 1e-5 +\d+% +ok/);
      expect(status).toBe(0);
    },
    patient,
  );

  test(
    'fails where numbers are others, and the table names what',
    () =>
      withCopy(async (folder) => {
        await change(folder, 'single.finetune', 'out.logits', (logits) => withOther(logits, 7, 2e-5));
        await change(folder, 'single.pretrain', 'derived.mlm_labels', (labels) => withOther(labels, 3, 1));
        const file = join(folder, 'expected.json');
        const expected = JSON.parse(await readFile(file, 'utf8')) as {
          digests: Record<string, Record<string, number[]>>;
        };
        expected.digests['single.finetune_steps.after5']!['newfc_tag.bias']![2]! += 1e-3;
        await writeFile(file, JSON.stringify(expected));
        const { status, stdout } = await runCheck(['--eager', '--dir', folder]);
        expect(stdout).toMatch(/ {2}scores .* OVER\n +logits, element 7: /);
        expect(stdout).toMatch(/ {2}mlm_labels .* OVER\n +mlm_labels, element 3: /);
        expect(stdout).toMatch(
          / {2}after5: parameters .* OVER\n +newfc_tag.bias \(first values\), element 0: /,
        );
        expect(stdout).toContain('3 over\n');
        expect(stdout).toContain(
          'over: collation, mlm_labels; fine-tuning, scores; fine-tuning updates, after5: parameters',
        );
        expect(stdout).toMatch(/FAILED\n$/);
        expect(status).toBe(1);
      }),
    patient,
  );

  test(
    'fails where it lacks what its manifest names',
    () =>
      withCopy(async (folder) => {
        const names = { 'single.pretrain': 'in.title_input', ensemble: 'logits.model_5', other: 'anything' };
        const manifest = Object.entries(names).map(([file, name]) => [
          `${file}.safetensors`,
          { [name]: ['float32', [9, 10]] },
        ]);
        await writeFile(join(folder, 'manifest.json'), JSON.stringify(Object.fromEntries(manifest)));
        const { status, stdout } = await checkHere(['--eager', '--dir', folder]);
        expect(stdout).toContain(
          'named in manifest.json, but not in the set: ensemble: logits.model_5; other.safetensors\n',
        );
        expect(stdout).toMatch(/ 0 over\n(.*\n)*FAILED\n$/);
        expect(status).toBe(1);
      }),
    patient,
  );

  test(
    'may lack parts, which are listed, not passed',
    () =>
      withCopy(async (folder) => {
        for (const name of ['two.weights', 'clip.contrastive', 'single.weights', 'single.pretrain_steps']) {
          await rm(join(folder, `${name}.safetensors`));
        }
        const { status, stdout } = await checkHere(['--eager', '--dir', basename(folder)], dirname(folder));
        expect(stdout).toMatch(/not in the set, so not compared: .*pretraining updates, five updates/);
        expect(stdout).toMatch(/not in the set, so not compared: .*end to end, scores, loss, gradients/);
        expect(stdout).toMatch(/not run: .*fine-tuning, scores, loss, gradients/);
        expect(stdout).toMatch(/ {2}mlm_labels .* ok\n/);
        expect(status).toBe(1);
      }),
    patient,
  );
});

describe('what is no set ends with status 2 and one line', () => {
  const refused = async (args: readonly string[], message: RegExp, run = checkHere) => {
    const { status, stdout, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  };

  test('no folder, a file, a folder without a set', async () => {
    await refused(
      ['--dir', 'nowhere'],
      /nowhere: found nothing; expected the folder of a golden set/,
      runCheck,
    );
    await refused(['--dir', join(smallSet, 'config.json')], /config\.json: found a file/);
    await refused(['--dir', dirname(smallSet)], /fixtures: found no config\.json/);
  }, 120_000);

  test('no folder given, an option that is none', async () => {
    await refused([], /--dir DIR/);
    await refused(['--dir', smallSet, '--quick'], /quick/);
  });

  test('damaged files', () =>
    withCopy(async (folder) => {
      const file = join(folder, 'ensemble.safetensors');
      await truncate(file, 1000);
      await refused(['--dir', folder], /ensemble\.safetensors: /);
      await rm(file);
      await writeFile(join(folder, 'expected.json'), '{"metric": [');
      await refused(['--dir', folder], /expected\.json: found .*JSON/);
      await writeFile(join(folder, 'expected.json'), '{"metric": [{"case": 1}]}');
      await rm(join(folder, 'single.pretrain.safetensors'));
      await rm(join(folder, 'single.finetune.safetensors'));
      await rm(join(folder, 'two.finetune.safetensors'));
      await rm(join(folder, 'clip.contrastive.safetensors'));
      await refused(['--dir', folder], /expected\.json: metric\.0\.case: /);
      const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { single: object };
      const uneven = { ...config, single: { ...config.single, num_attention_heads: 5 } };
      await writeFile(join(folder, 'expected.json'), '{}');
      await writeFile(join(folder, 'config.json'), JSON.stringify(uneven));
      await refused(['--dir', folder], /config\.json: .*numAttentionHeads: .*must divide hiddenSize/);
      await writeFile(join(folder, 'config.json'), '{"num_classes": "many"}');
      await refused(['--dir', folder], /config\.json: num_classes: /);
    }));

  test('a set that allows no comparison', () =>
    withCopy(async (folder) => {
      for (const name of [
        'single.pretrain',
        'single.finetune',
        'two.finetune',
        'clip.contrastive',
        'ensemble',
      ])
        await rm(join(folder, `${name}.safetensors`));
      await rm(join(folder, 'preprocess.safetensors'));
      await writeFile(join(folder, 'expected.json'), '{}');
      await refused(['--dir', folder], /allows no comparison/);
    }));
});
