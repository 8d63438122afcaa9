import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { ParameterStore } from '../src/index.js';

beforeAll(async () => void (await startBackend()));

const zeros = { kind: 'zeros' } as const;
const values = (entries: Record<string, tf.Tensor>) => new Map(Object.entries(entries));

describe('names', () => {
  test('a store lists parameters in the order of declaration', () => {
    const store = new ParameterStore();
    store.declare('b', [2, 3], { kind: 'normal', std: 0.02 });
    const a = store.declare('a', [4], zeros);
    expect([...store.specs.keys()]).toEqual(['b', 'a']);
    expect(store.specs.get('b')).toEqual({
      name: 'b',
      shape: [2, 3],
      initializer: { kind: 'normal', std: 0.02 },
    });
    expect([a.name, a.shape]).toEqual(['a', [4]]);
  });

  test('a name is taken once, second names included', () => {
    const store = new ParameterStore();
    store.declare('weight', [2], zeros);
    store.alias('second', 'weight');
    expect([...store.aliases]).toEqual([['second', 'weight']]);
    for (const name of ['weight', 'second']) {
      expect(() => store.declare(name, [2], zeros)).toThrow(`'${name}' is declared twice`);
      expect(() => store.alias(name, 'weight')).toThrow(`'${name}' is declared twice`);
    }
    expect(() => store.alias('third', 'other')).toThrow("there is no parameter 'other'");
  });

  test('a table cannot start with a zero row that it lacks', () => {
    const store = new ParameterStore();
    expect(() => store.declare('table', [3, 2], { ...zeros, zeroRow: 3 })).toThrow(
      "'table' [3, 2] has no row 3",
    );
  });
});

describe('values', () => {
  test('are those of the innermost bind, and the outer ones again after it', () => {
    const store = new ParameterStore();
    const weight = store.declare('weight', [], zeros);
    const read = () => weight.value().dataSync()[0];
    const seen = store.bind(values({ weight: tf.scalar(1) }), () => {
      const before = read();
      const inside = store.bind(values({ weight: tf.scalar(2) }), read);
      expect(() =>
        store.bind(values({ weight: tf.scalar(3) }), () => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
      return [before, inside, read()];
    });
    expect(seen).toEqual([1, 2, 1]);
  });

  test('are there inside of bind only', () => {
    const store = new ParameterStore();
    const weight = store.declare('weight', [2], zeros);
    expect(() => weight.value()).toThrow(
      "parameter 'weight' has no value here: use the model inside of bind",
    );
    store.bind(values({ weight: tf.zeros([2]) }), () => weight.value());
    expect(() => weight.value()).toThrow(/no value here/);
    expect(() => store.bind(values({ other: tf.zeros([2]) }), () => weight.value())).toThrow(
      "parameter 'weight' has no value here",
    );
  });

  test('must have the declared shape', () => {
    const store = new ParameterStore();
    const weight = store.declare('weight', [2, 3], zeros);
    expect(() => store.bind(values({ weight: tf.zeros([3, 2]) }), () => weight.value())).toThrow(
      "parameter 'weight' is [2, 3], its value [3, 2]",
    );
  });
});

describe('first values', () => {
  const state = (seed: number, names: readonly string[]) => {
    const store = new ParameterStore();
    for (const name of names) store.declare(name, [50, 20], { kind: 'normal', std: 0.02 });
    return store.initialState(seed);
  };

  test('follow from seed and name alone', () => {
    const [first, second] = [state(1, ['a', 'b']), state(1, ['c', 'b'])];
    expect(first.b).toEqual(second.b);
    expect(first.a!.data).not.toEqual(first.b!.data);
    expect(state(2, ['b']).b!.data).not.toEqual(first.b!.data);
  });

  test('are distributed as declared', () => {
    const store = new ParameterStore();
    store.declare('normal', [5000], { kind: 'normal', std: 0.02 });
    store.declare('uniform', [5000], { kind: 'uniform', bound: 0.5 });
    store.declare('ones', [2], { kind: 'ones' });
    store.declare('zeros', [2, 2], zeros);
    store.declare('scale', [], { kind: 'constant', value: 2.5 });
    store.declare('table', [3, 2], { kind: 'constant', value: 7, zeroRow: 1 });
    const { normal, uniform, ones, zeros: none, scale, table } = store.initialState(0);
    const moments = (data: ArrayLike<number>) => {
      const all = Array.from(data);
      const mean = all.reduce((a, b) => a + b) / all.length;
      return [mean, Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length)] as const;
    };
    expect(Math.abs(moments(normal!.data)[0])).toBeLessThan((4 * 0.02) / Math.sqrt(5000));
    expect(moments(normal!.data)[1]).toBeCloseTo(0.02, 2.9);
    expect(Math.max(...uniform!.data)).toBeLessThan(0.5);
    expect(Math.min(...uniform!.data)).toBeGreaterThanOrEqual(-0.5);
    expect(moments(uniform!.data)[1]).toBeCloseTo(0.5 / Math.sqrt(3), 2);
    expect(Array.from(ones!.data)).toEqual([1, 1]);
    expect(none).toEqual({ dtype: 'float32', shape: [2, 2], data: new Float32Array(4) });
    expect(scale).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(2.5) });
    expect(Array.from(table!.data)).toEqual([7, 7, 0, 0, 7, 7]);
  });
});
