import { createProgram, sessionAddonProblem } from '@reelbert/compiler';
import { makeKey, Random, type NdArray } from '@reelbert/data';
import { KeyStream, startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  clipVisionConfigSchema,
  clipVisionPresets,
  frameFeatures,
  lowerTower,
  VisionTower,
  type ClipVisionConfig,
  type FrameEncoding,
} from '../src/index.js';
import { expectClose, toTensor } from './golden.js';

const tiny = clipVisionConfigSchema.parse({
  hiddenSize: 8,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 12,
  imageSize: 6,
  patchSize: 3,
  initializerRange: 0.3,
});

beforeAll(async () => void (await startBackend()));

function makeTower(config: ClipVisionConfig = tiny) {
  const store = new ParameterStore();
  const tower = new VisionTower(store, 'visual_backbone.', config);
  const state = store.initialState(3);
  const values = new Map(Object.entries(state).map(([name, value]) => [name, toTensor(value)]));
  return { store, tower, state, values };
}

const expectSame = (found: tf.Tensor, expected: tf.Tensor) =>
  expectClose('features', found.dataSync(), expected.dataSync(), 1e-6);

function noise(shape: number[], ...key: (string | number)[]): NdArray {
  const random = new Random(...key);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: size }, () => random.normal()) };
}

describe('configuration', () => {
  it('refuses heads that do not divide the width, patches that do not divide the image, unknown keys', () => {
    expect(() => clipVisionConfigSchema.parse({ numAttentionHeads: 7 })).toThrow(/must divide hiddenSize/);
    expect(() => clipVisionConfigSchema.parse({ patchSize: 30 })).toThrow(/must divide imageSize/);
    expect(() => clipVisionConfigSchema.parse({ heads: 12 })).toThrow(/heads/);
  });

  it('has ViT-B/32 as default, with 87,456,000 parameters', () => {
    const store = new ParameterStore();
    new VisionTower(store, '', clipVisionPresets['vit-b-32']);
    const sizes = [...store.specs.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(87_456_000);
    expect(store.specs.get('vision_model.embeddings.position_embedding.weight')!.shape).toEqual([50, 768]);
  });
});

describe('the vision tower', () => {
  it('encodes each image by itself', async () => {
    const { store, tower, values } = makeTower();
    const images = toTensor(noise([3, 6, 6, 3], 'images'));
    const encode = (pixels: tf.Tensor) => store.bind(values, () => tower.encode(pixels)).data();
    const together = await encode(images);
    const alone = await encode(tf.slice(images, [1, 0, 0, 0], [1, 6, 6, 3]));
    expect(together).toHaveLength(3 * tower.dimension);
    expectClose('second image', alone, together.slice(8, 16), 1e-5);
  });

  it('tells channels, and places within a patch, apart', async () => {
    const { store, tower, values } = makeTower();
    const lit = (row: number, column: number, channel: number) => {
      const image = new Float32Array(6 * 6 * 3);
      image[(row * 6 + column) * 3 + channel] = 5;
      return store.bind(values, () => tower.encode(tf.tensor(image, [1, 6, 6, 3]))).dataSync();
    };
    const outputs = [lit(0, 1, 0), lit(1, 0, 0), lit(0, 1, 1), lit(0, 4, 0), lit(3, 1, 0)];
    expect(new Set(outputs.map((output) => output.join())).size).toBe(outputs.length);
  });

  it('has gradients that agree with finite differences, for every parameter', async () => {
    const { store, tower, state, values } = makeTower();
    const pixels = toTensor(noise([2, 6, 6, 3], 'pixels'));
    const mix = toTensor(noise([2, 8], 'mix'));
    const names = [...store.specs.keys()];
    const loss = (at: ReadonlyMap<string, tf.Tensor>): tf.Scalar =>
      store.bind(at, () => tf.sum(tf.mul(tower.encode(pixels), mix)));
    const gradients = tf.grads((...tensors: tf.Tensor[]) =>
      loss(new Map(names.map((name, i) => [name, tensors[i]!]))),
    )(names.map((name) => values.get(name)!));
    const step = 1e-2;
    for (const [i, name] of names.entries()) {
      const { data, shape } = state[name]!;
      const direction = noise([...shape], 'direction', name).data as Float32Array;
      const norm = Math.hypot(...direction);
      const moved = (by: number) =>
        loss(
          new Map(values).set(
            name,
            toTensor({
              dtype: 'float32',
              shape,
              data: (data as Float32Array).map((x, j) => x + (by * direction[j]!) / norm),
            }),
          ),
        ).dataSync()[0]!;
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      const gradient = gradients[i]!.dataSync<'float32'>();
      const along = gradient.reduce((sum, g, j) => sum + (g * direction[j]!) / norm, 0);
      const scale = Math.hypot(...gradient);
      expect(Math.abs(numeric - along), `${name}: ${numeric} against ${along}`).toBeLessThan(
        0.01 * scale + 3e-3,
      );
    }
  });

  it('drops attention only where configured and given keys', async () => {
    const { store, tower, values } = makeTower({ ...tiny, attentionDropout: 0.5 });
    const pixels = toTensor(noise([2, 6, 6, 3], 'pixels'));
    const encode = (seed?: number) =>
      store.bind(values, () =>
        tower.encode(pixels, seed === undefined ? null : new KeyStream(tf.tensor1d(makeKey(seed), 'int32'))),
      );
    const [plain, again, first, second] = [encode(), encode(), encode(1), encode(2)].map((x) =>
      x.dataSync().join(),
    );
    expect(plain).toBe(again);
    expect(new Set([plain, first, second]).size).toBe(3);
  });

  it('can be computed in two parts, its lower layers once and the others from there', () => {
    const { store, tower, values } = makeTower();
    const images = toTensor(noise([3, 6, 6, 3], 'parts'));
    const lower = lowerTower('visual_backbone.', tiny, 1);
    store.bind(values, () => {
      const whole = tower.forward(images);
      for (const layers of [0, 1, 2]) {
        const states = tower.lowerStates(images, layers);
        expect(states.shape).toEqual([3, 5, 8]);
        expectSame(tower.encodeUpper(states, layers), whole.pooled);
      }
      const flat = lower.parameters.bind(values, () => lower.logits({ pixels: images }));
      expectSame(tower.encodeUpper(tf.reshape(flat, [3, 5, 8]), 1), whole.pooled);
    });
    expect([...lower.parameters.specs.keys()].every((name) => values.has(name))).toBe(true);
  });

  it('gives features of a batch from pixels, from states, or as they are', () => {
    const { store, tower, values } = makeTower();
    const encoder: FrameEncoding = {
      encode: (pixels) => tower.encode(pixels),
      encodeStates: (states) => tower.encodeUpper(states, 1),
    };
    const pixels = toTensor(noise([2, 3, 6, 6, 3], 'batch'));
    store.bind(values, () => {
      const features = frameFeatures({ pixels }, encoder, null);
      expect(features.shape).toEqual([2, 3, 8]);
      const lower = tower.lowerStates(tf.reshape(pixels, [6, 6, 6, 3]), 1);
      const frameStates = tf.reshape(lower, [2, 3, 5, 8]);
      expectSame(frameFeatures({ frameStates }, encoder, null), features);
      expect(frameFeatures({ frames: features }, undefined, null)).toBe(features);
      expect(() => frameFeatures({ pixels }, undefined, null)).toThrow('a classifier with a frame encoder');
      expect(() => frameFeatures({ frameStates }, { encode: encoder.encode }, null)).toThrow('frameStates');
    });
  });

  it('refuses pixels of another shape, naming them', () => {
    const { store, tower, values } = makeTower();
    const forward = (shape: number[]) => () => store.bind(values, () => tower.forward(tf.zeros(shape)));
    expect(forward([2, 3, 6, 6])).toThrow(
      'pixels must be float32 [n, 6, 6, 3], they are float32 [2, 3, 6, 6]',
    );
    expect(forward([6, 6, 3])).toThrow(/pixels must be/);
  });

  it('gives the same compiled as op by op', async () => {
    if (sessionAddonProblem() !== undefined || tf.getBackend() !== 'tensorflow') return;
    const { store, tower, state } = makeTower();
    const pixels = noise([2, 6, 6, 3], 'pixels');
    const run = async (mode: 'compiled' | 'eager') => {
      const program = createProgram({ mode });
      const variables = [...store.specs].map(([name, { shape }]) => program.variable(name, shape));
      program.define('encode', (inputs) => {
        const values = new Map(variables.map((variable) => [variable.name, variable.read()]));
        return { features: store.bind(values, () => tower.encode(inputs['pixels']!)) };
      });
      await program.write(state);
      const { features } = await program.run('encode', { pixels });
      program.dispose();
      return features!.data;
    };
    expectClose('features', await run('compiled'), await run('eager'), 1e-5);
  });
});
