import * as tf from '@tensorflow/tfjs-core';

import {
  additiveMask,
  attention,
  BertLayer,
  BertModel,
  Embedding,
  LayerNorm,
  Linear,
  ParameterStore,
  PredictionHead,
} from '../src/index.js';
import { tiny, uneven } from './tensors.js';

/** A layer with inputs in general position. */
export interface LayerCase {
  readonly name: string;
  readonly store: ParameterStore;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly forward: (inputs: Readonly<Record<string, tf.Tensor>>) => tf.Tensor;
}

const normal = { kind: 'normal', std: 1 } as const;
// Without 0, the padding row, whose gradient is left out on purpose.
const ids = () => tf.tensor2d([3, 1, 5, 6, 6, 5], [2, 3], 'int32');
const mask = () => tf.tensor2d([1, 1, 0, 1, 1, 1], [2, 3], 'int32');

/** Every layer. Call once the backend has started. */
export function layerCases(): LayerCase[] {
  const make = (
    name: string,
    inputs: LayerCase['inputs'],
    build: (store: ParameterStore) => LayerCase['forward'],
  ): LayerCase => {
    const store = new ParameterStore();
    return { name, store, inputs, forward: build(store) };
  };
  return [
    make('Linear', { x: uneven([2, 3, 4]) }, (store) => {
      const linear = new Linear(store, '', 4, 5, normal);
      return ({ x }) => linear.forward(x!);
    }),
    make('LayerNorm', { x: uneven([2, 3, 4]) }, (store) => {
      const norm = new LayerNorm(store, '', 4, 1e-5);
      return ({ x }) => norm.forward(x!);
    }),
    make('Embedding', { ids: ids() }, (store) => {
      const table = new Embedding(store, '', 7, 4, normal);
      return ({ ids }) => tf.add(table.lookUp(ids!), table.first(3));
    }),
    make(
      'attention',
      { query: uneven([2, 2, 4]), key: uneven([2, 3, 4], 1), value: uneven([2, 3, 4], 2), mask: mask() },
      () =>
        ({ query, key, value, mask }) =>
          attention(query!, key!, value!, additiveMask(mask!), 2),
    ),
    make('BertLayer', { x: uneven([2, 3, 8]), mask: mask() }, (store) => {
      const layer = new BertLayer(store, '', tiny);
      return ({ x, mask }) => layer.forward(x as tf.Tensor3D, additiveMask(mask!), null);
    }),
    make('BertModel', { ids: ids(), mask: mask() }, (store) => {
      const model = new BertModel(store, '', tiny);
      return ({ ids, mask }) => model.forward(ids!, mask!, null);
    }),
    make('PredictionHead', { states: uneven([3, 8]) }, (store) => {
      const head = new PredictionHead(store, '', tiny, { outputs: 7, initializer: 'torch' });
      return ({ states }) => head.forward(states as tf.Tensor2D);
    }),
    make('PredictionHead, tied', { states: uneven([3, 8]), ids: ids() }, (store) => {
      const table = new Embedding(store, 'words.', 7, 8, normal);
      const options = { outputs: 7, tiedTo: table.weight, initializer: 'torch' } as const;
      const head = new PredictionHead(store, '', tiny, options);
      return ({ states, ids }) => tf.add(head.forward(states as tf.Tensor2D), tf.sum(table.lookUp(ids!)));
    }),
  ];
}
