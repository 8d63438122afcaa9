import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { readSafetensorsHeader } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { exported, imported, newPath, refusal, saved, tensorsOf } from './import-folders.js';

const config = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;

describe('an imported model', () => {
  it.each([
    ['bert-model', 'bert', 'BertModel'],
    ['bert-mlm', 'bert', 'BertForMaskedLM'],
    ['bert-shards', 'bert', 'BertModel'],
    ['bert-half', 'bert', 'BertModel'],
    ['clip-vision-4', 'clip', 'CLIPVisionModel'],
    ['clip-vision-5', 'clip', 'CLIPVisionModel'],
  ] as const)('goes back with the tensors that it had: %s', async (name, as, architecture) => {
    const { out } = await exported((await imported(saved(name), as)).out);
    expect(await tensorsOf(out)).toEqual(await tensorsOf(saved(name)));
    expect(await config(out)).toMatchObject({ architectures: [architecture] });
    const { metadata, tensors } = await readSafetensorsHeader(join(out, 'model.safetensors'));
    expect(metadata).toEqual({ format: 'pt' });
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(
      new Set([name === 'bert-half' ? 'F16' : 'F32']),
    );
  });

  it('goes back with tokenizer or image settings', async () => {
    const bert = await exported((await imported(saved('bert-mlm'), 'bert')).out);
    expect((await readdir(bert.out)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
    expect(bert.lines).toEqual(['export: the BERT has no pooler; transformers draws one anew']);
    const clip = await exported((await imported(saved('clip-both'), 'clip')).out);
    const settings = JSON.parse(await readFile(join(clip.out, 'preprocessor_config.json'), 'utf8')) as object;
    expect(settings).toMatchObject({
      crop_size: { height: 8, width: 8 },
      size: { shortest_edge: 8 },
      resample: 2,
    });
  });

  it('gets the names and the precision that one asks for', async () => {
    const { out } = await imported(saved('clip-vision-4'), 'clip');
    const five = await exported(out, { names: 'transformers-5', precision: 'BF16' });
    const { tensors } = await readSafetensorsHeader(join(five.out, 'model.safetensors'));
    expect(tensors.get('pre_layrnorm.weight')).toMatchObject({ dtype: 'BF16' });
    expect(await config(five.out)).toMatchObject({ torch_dtype: 'bfloat16' });
  });
});

describe('refused', () => {
  it('is a part that the model lacks, and nothing is written', async () => {
    const { out: bert } = await imported(saved('bert-model'), 'bert');
    const { out: tower } = await imported(saved('clip-vision-4'), 'clip');
    const out = newPath();
    expect(await refusal(exported(bert, { as: 'clip', out }))).toMatch(
      /'bert' without; expected.*vision tower/,
    );
    expect(await refusal(exported(tower, { as: 'bert', out }))).toMatch(/a vision tower; expected.*BERT/);
    expect(await refusal(exported(bert, { names: 'transformers-5', out }))).toMatch(
      /--names: found --as bert/,
    );
    expect(existsSync(out)).toBe(false);
  });

  it('is what is no export, and a folder that is not empty', async () => {
    expect(await refusal(exported(newPath()))).toMatch(/no config\.json/);
    expect(await refusal(exported(saved('bert-model')))).toMatch(/manifest|kind/);
    const { out } = await imported(saved('bert-model'), 'bert');
    expect(await refusal(exported(out, { out }))).toMatch(/a new or empty folder/);
  });
});
