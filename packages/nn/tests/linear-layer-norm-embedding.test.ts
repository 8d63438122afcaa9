import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { Embedding, LayerNorm, Linear, ParameterStore } from '../src/index.js';
import { uneven } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const normal = { kind: 'normal', std: 0.02 } as const;
const list = (x: tf.Tensor) => Array.from(x.dataSync());

describe('Linear', () => {
  test('multiplies by the transposed weight and adds the bias', () => {
    const store = new ParameterStore();
    const linear = new Linear(store, 'fc.', 2, 3, normal);
    const values = new Map<string, tf.Tensor>([
      ['fc.weight', tf.tensor2d([[1, 2], [3, 4], [5, 6]])], // prettier-ignore
      ['fc.bias', tf.tensor1d([10, 20, 30])],
    ]);
    const y = store.bind(values, () => linear.forward(tf.tensor3d([[[1, 0]], [[1, -1]]])));
    expect(y.shape).toEqual([2, 1, 3]);
    expect(list(y)).toEqual([11, 23, 35, 9, 19, 29]);
  });

  test('starts as told, or as PyTorch does', () => {
    const store = new ParameterStore();
    new Linear(store, 'bert.', 16, 3, normal);
    new Linear(store, 'torch.', 16, 3, 'torch');
    new Linear(store, 'plain.', 16, 3, normal, { bias: false });
    const uniform = { kind: 'uniform', bound: 1 / 4 };
    expect(
      [...store.specs.values()].map(({ name, shape, initializer }) => [name, shape, initializer]),
    ).toEqual([
      ['bert.weight', [3, 16], normal],
      ['bert.bias', [3], { kind: 'zeros' }],
      ['torch.weight', [3, 16], uniform],
      ['torch.bias', [3], uniform],
      ['plain.weight', [3, 16], normal],
    ]);
  });

  test('without a bias only multiplies', () => {
    const store = new ParameterStore();
    const linear = new Linear(store, '', 2, 1, normal, { bias: false });
    const values = new Map([['weight', tf.tensor2d([[2, 3]])]]);
    expect(list(store.bind(values, () => linear.forward(tf.tensor1d([1, 1]))))).toEqual([5]);
  });

  test('an input of another width is refused by name', () => {
    const store = new ParameterStore();
    const linear = new Linear(store, 'fc.', 2, 3, normal);
    const values = new Map<string, tf.Tensor>([['fc.weight', tf.zeros([3, 2])]]);
    expect(() => store.bind(values, () => linear.forward(tf.zeros([2, 4])))).toThrow(
      "x must be [..., 2] for 'fc.weight', found [2, 4]",
    );
  });
});

describe('LayerNorm', () => {
  const run = (x: tf.Tensor, epsilon: number) => {
    const store = new ParameterStore();
    const norm = new LayerNorm(store, 'norm.', 4, epsilon);
    const values = new Map<string, tf.Tensor>([
      ['norm.weight', tf.tensor1d([1, 1, 2, 2])],
      ['norm.bias', tf.tensor1d([0, 5, 0, 0])],
    ]);
    return store.bind(values, () => norm.forward(x));
  };

  test('brings mean and variance of the last axis to 0 and 1, then scales and shifts', () => {
    // Mean 3, variance 5.
    const found = list(run(tf.tensor2d([[0, 2, 4, 6]]), 0));
    const root = Math.sqrt(5);
    [-3 / root, 5 - 1 / root, 2 / root, 6 / root].forEach((value, i) =>
      expect(found[i]).toBeCloseTo(value, 5),
    );
  });

  test('epsilon is added to the variance', () => {
    const found = list(run(tf.tensor2d([[0, 2, 4, 6]]), 4));
    [-1, 5 - 1 / 3, 2 / 3, 2].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 5));
    expect(list(run(tf.ones([1, 4]), 1e-12))).toEqual([0, 5, 0, 0]);
  });

  test('an input of another width is refused by name', () => {
    expect(() => run(tf.zeros([2, 3]), 1)).toThrow(/gamma must be \[3\]/);
  });
});

describe('Embedding', () => {
  const table = () => tf.tensor2d([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
  const ids = () => tf.tensor2d([2, 0, 0, 1], [2, 2], 'int32');
  const make = (zeroRow?: number) => {
    const store = new ParameterStore();
    const row = zeroRow === undefined ? {} : { zeroRow };
    const embedding = new Embedding(store, '', 3, 2, { ...normal, ...row });
    const at = <T>(weight: tf.Tensor, body: () => T) => store.bind(new Map([['weight', weight]]), body);
    const gradient = () =>
      tf.grad((weight: tf.Tensor) => {
        return at(weight, () => tf.sum(tf.mul(embedding.lookUp(ids()), uneven([2, 2, 2]))));
      })(table());
    return { embedding, at, gradient };
  };

  test('looks rows up', () => {
    const { embedding, at } = make();
    const found = at(table(), () => embedding.lookUp(ids()));
    expect(found.shape).toEqual([2, 2, 2]);
    expect(list(found)).toEqual([5, 6, 1, 2, 1, 2, 3, 4]);
    expect(list(at(table(), () => embedding.first(2)))).toEqual([1, 2, 3, 4]);
    expect(list(at(table(), () => embedding.table()))).toEqual(list(table()));
  });

  test('a row gets the gradients of all its uses, except the padding row', () => {
    const slopes = list(uneven([2, 2, 2]));
    const uses = [
      slopes[2]! + slopes[4]!,
      slopes[3]! + slopes[5]!,
      slopes[6]!,
      slopes[7]!,
      slopes[0]!,
      slopes[1]!,
    ];
    list(make().gradient()).forEach((value, i) => expect(value).toBeCloseTo(uses[i]!, 5));
    const padded = list(make(0).gradient());
    expect(padded.slice(0, 2).every((value) => value === 0)).toBe(true);
    padded.slice(2).forEach((value, i) => expect(value).toBeCloseTo(uses[i + 2]!, 5));
  });

  test('looking the padding row up gives what it holds', () => {
    const { embedding, at } = make(0);
    expect(list(at(table(), () => embedding.lookUp(ids())))).toEqual([5, 6, 1, 2, 1, 2, 3, 4]);
  });

  test('too long a sequence and ids that are no integers are refused', () => {
    const { embedding, at } = make();
    expect(() => at(table(), () => embedding.first(4))).toThrow(
      "'weight' has 3 rows; a sequence of 4 doesn't fit",
    );
    expect(() => at(table(), () => embedding.lookUp(tf.ones([2])))).toThrow(/ids must be int32/);
  });
});
