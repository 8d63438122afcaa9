import { join } from 'node:path';

import { VisionTower } from '@reelbert/clip-features';
import { readSafetensors, type NdArray, type NdArrays } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { BertModel, ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { readExport } from '../src/stages/export-folder.js';
import { readTower } from '../src/stages/tower-export.js';
import { imported, saved } from './import-folders.js';

const tensor = ({ data, shape, dtype }: NdArray) => tf.tensor(data, [...shape], dtype);

let expected: NdArrays;
beforeAll(async () => {
  await startBackend();
  expected = await readSafetensors(join(saved('expected.safetensors')));
});

function largestDifference(output: tf.Tensor, name: string): number {
  const wanted = tensor(expected[`${name}/output`]!);
  expect(output.shape).toEqual(wanted.shape);
  return tf.max(tf.abs(tf.sub(output, wanted))).dataSync()[0]!;
}

function run(weights: NdArrays, build: (store: ParameterStore) => () => tf.Tensor): tf.Tensor {
  const store = new ParameterStore();
  const compute = build(store);
  const values = new Map([...store.specs.keys()].map((name) => [name, tensor(weights[name]!)]));
  return store.bind(values, compute);
}

it.each(['bert-model', 'bert-mlm', 'bert-shards', 'bert-half', 'bert-old'])(
  "%s computes what transformers' does",
  async (name) => {
    const { config, weights } = await readExport((await imported(saved(name), 'bert')).out, 'bert');
    const output = run(weights, (store) => {
      const model = new BertModel(store, 'bert.', config.model);
      return () => model.forward(tensor(expected['ids']!), tensor(expected['mask']!), null);
    });
    expect(largestDifference(output, name)).toBeLessThan(1e-5);
  },
);

it.each(['clip-vision-4', 'clip-vision-5', 'clip-both'])(
  "%s computes what transformers' does",
  async (name) => {
    const { vision, weights } = await readTower((await imported(saved(name), 'clip')).out);
    const output = run(weights, (store) => {
      const tower = new VisionTower(store, '', vision);
      return () => tower.encode(tensor(expected['pixels']!));
    });
    expect(largestDifference(output, name)).toBeLessThan(1e-5);
  },
);
