// What an imported model computes:
//     node encode.mjs EXPORT INPUTS.safetensors OUTPUTS.safetensors
// Inputs of a BERT are ids and mask, int32 [batch, tokens]; of a CLIP vision tower pixels, float32 [n, S, S, 3]. The
// output is the last hidden states, or the pooled ones. Needs @reelbert/engine, nn and clip-features beside this package.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { VisionTower } from '@reelbert/clip-features';
import { readSafetensors, writeSafetensors } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { BertModel, ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

const [folder, inputsFile, outputsFile] = process.argv.slice(2);
await startBackend();
const { kind, model: config } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
const tensors = (arrays) =>
  new Map(
    Object.entries(arrays).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
const weights = tensors(await readSafetensors(join(folder, 'model.safetensors')));
const inputs = tensors(await readSafetensors(inputsFile));

const store = new ParameterStore();
const compute = {
  bert() {
    const model = new BertModel(store, 'bert.', config);
    return () => model.forward(inputs.get('ids'), inputs.get('mask'), null);
  },
  'clip-vision'() {
    const tower = new VisionTower(store, '', config);
    return () => tower.encode(inputs.get('pixels'));
  },
}[kind]();
const output = store.bind(weights, compute);
const shape = output.shape;
await writeSafetensors(outputsFile, { output: { dtype: 'float32', shape, data: await output.data() } });
