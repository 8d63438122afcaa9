import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readSafetensors } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { openModelFolder, openWeights } from '../src/index.js';
import { copyOf, editJson, fixture, newPath, refusal } from './folders.js';

const index = 'model.safetensors.index.json';
type Index = { weight_map: Record<string, string> };

describe('the weights of a folder', () => {
  it('are found in one file or in shards, and read by name', async () => {
    const whole = await openWeights(fixture('bert-model'));
    const shards = await openWeights(fixture('bert-shards'));
    expect(shards.files).toHaveLength(2);
    expect([...shards.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort());
    const names = ['pooler.dense.bias', 'embeddings.LayerNorm.weight'];
    expect(await shards.read(names)).toEqual(await whole.read(names));
    expect(Object.keys(await shards.read(names)).sort()).toEqual([...names].sort());
  });

  it('are those of the one file where there is an index beside it', async () => {
    const folder = copyOf('bert-model');
    writeFileSync(join(folder, index), 'not even JSON');
    expect((await openWeights(folder)).files).toEqual(['model.safetensors']);
  });
});

describe('refused, by name,', () => {
  const broken = (edit: (index: Index, folder: string) => void) => {
    const folder = copyOf('bert-shards');
    editJson(folder, index, (value) => edit(value as unknown as Index, folder));
    return refusal(openWeights(folder));
  };
  const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

  it('is a shard that is missing or cut off', async () => {
    const folder = copyOf('bert-shards');
    rmSync(join(folder, second!));
    expect(await refusal(openWeights(folder))).toMatch(/no 'model-00002-of-00002\.safetensors'/);
    const cut = copyOf('bert-shards');
    truncateSync(join(cut, second!), 4000);
    expect(await refusal(openWeights(cut))).toMatch(/model-00002-of-00002.*cut off/);
  });

  it.each([
    '../model.safetensors',
    '/etc/passwd',
    'a/b.safetensors',
    'a\\b.safetensors',
    '..',
    'C:x.safetensors',
    '',
  ])('is a shard outside of the folder: %j', async (name) => {
    const message = await broken((value) => (value.weight_map['pooler.dense.bias'] = name));
    expect(message).toMatch(/weight_map\.pooler\.dense\.bias: found .*same folder/);
  });

  it('is an index that says other than the shards', async () => {
    expect(await broken((value) => (value.weight_map['pooler.dense.bias'] = first!))).toMatch(
      /'pooler\.dense\.bias' in model-00001.*where it isn't/,
    );
    expect(await broken((value) => delete value.weight_map['pooler.dense.bias'])).toMatch(
      /nothing about 'pooler\.dense\.bias'/,
    );
    expect(await broken((value) => (value.weight_map.more = first!))).toMatch(/'more' in/);
    const twice = await broken((value, folder) => {
      writeFileSync(join(folder, 'model-3.safetensors'), readFileSync(join(folder, first!)));
      value.weight_map.more = 'model-3.safetensors';
    });
    expect(twice).toMatch(/which is in .*model-0/);
  });

  it('is an index that is none', async () => {
    expect(await broken((value) => (value.weight_map = {}))).toMatch(/no tensors/);
    expect(await broken((value) => (value.weight_map = [] as never))).toMatch(/weight_map/);
    const folder = copyOf('bert-shards');
    writeFileSync(join(folder, index), '{"weight_map": ');
    expect(await refusal(openWeights(folder))).toMatch(/as JSON/);
  });

  it('is a folder without weights, or with pickled ones, whose conversion is told', async () => {
    const folder = newPath();
    mkdirSync(folder);
    expect(await refusal(openWeights(folder))).toMatch(/neither/);
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    expect(await refusal(openWeights(folder))).toMatch(
      /'pytorch_model\.bin'.*from_pretrained.*save_pretrained/,
    );
  });

  it('is a folder that is none, or has no configuration', async () => {
    expect(await refusal(openModelFolder(newPath()))).toMatch(/found nothing; expected a model's folder/);
    const folder = copyOf('bert-model');
    writeFileSync(join(folder, 'config.json'), '[1]');
    expect(await refusal(openModelFolder(folder))).toMatch(/no object/);
    rmSync(join(folder, 'config.json'));
    expect(await refusal(openModelFolder(folder))).toMatch(/config\.json: found nothing/);
    expect(await refusal(openModelFolder(join(folder, 'vocab.txt')))).toMatch(/found a file/);
  });
});

it('reads what a single file holds as the reader of files does', async () => {
  const weights = await openWeights(fixture('bert-half'));
  const file = join(fixture('bert-half'), 'model.safetensors');
  expect(await weights.read([...weights.tensors.keys()])).toEqual(await readSafetensors(file));
});
