import { KeyStream, startBackend } from '@reelbert/engine';
import { additiveMask, ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { lxmertConfigSchema, LxmertCrossLayer, type Stream } from '../src/index.js';
import { expectClose } from './golden.js';
import { gradientsOf, int32, noise, tiny, toTensor, valuesOf } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const prefix = 'cross_bert.x_layers.0.';

function tinyLayer() {
  const store = new ParameterStore();
  const layer = new LxmertCrossLayer(store, prefix, tiny.text);
  return { store, layer, values: valuesOf(store) };
}

const stream = (name: string, tokens: number, mask: readonly number[]): Stream => ({
  states: toTensor(noise([2, tokens, 8], name)) as tf.Tensor3D,
  mask: additiveMask(toTensor(int32([2, tokens], mask))),
});
const language = () => stream('language', 4, [1, 1, 1, 0, 1, 1, 1, 1]);
const vision = () => stream('vision', 3, [1, 1, 1, 1, 1, 0]);

/** A scalar that all outputs enter, unevenly. */
function mixed(outputs: { language: Stream; vision: Stream }): tf.Scalar {
  const weigh = ({ states }: Stream, key: string) =>
    tf.sum(tf.mul(states, toTensor(noise(states.shape, 'mix', key))));
  return tf.add(weigh(outputs.language, 'language'), weigh(outputs.vision, 'vision'));
}

describe('the cross layer', () => {
  it('has 16,539,648 parameters at base size, by the names of LxmertXLayer', () => {
    const store = new ParameterStore();
    const { text } = lxmertConfigSchema.parse({ text: { vocabSize: 21_128 } });
    new LxmertCrossLayer(store, prefix, text);
    const sizes = [...store.specs.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(16_539_648);
    const dense = (name: string) => [`${name}.dense.weight`, `${name}.dense.bias`];
    const output = (name: string) => [
      ...dense(name),
      ...['weight', 'bias'].map((part) => `${name}.LayerNorm.${part}`),
    ];
    const heads = (name: string) =>
      ['query', 'key', 'value'].flatMap((part) => [`${name}.${part}.weight`, `${name}.${part}.bias`]);
    const names = [
      ...[...heads('visual_attention.att'), ...output('visual_attention.output')],
      ...['lang', 'visn'].flatMap((stream) => [
        ...heads(`${stream}_self_att.self`),
        ...output(`${stream}_self_att.output`),
        ...dense(`${stream}_inter`),
        ...output(`${stream}_output`),
      ]),
    ];
    expect([...store.specs.keys()].sort()).toEqual(names.map((name) => prefix + name).sort());
  });

  it("starts as torch's linear layers do: weights and biases uniform within 1/sqrt(inputs)", () => {
    const state = tinyLayer().store.initialState(1);
    for (const [name, { data }] of Object.entries(state)) {
      const values = [...data];
      if (name.endsWith('LayerNorm.weight')) expect(new Set(values)).toEqual(new Set([1]));
      else if (name.endsWith('LayerNorm.bias')) expect(new Set(values)).toEqual(new Set([0]));
      else {
        const bound = (name.includes('_output.dense') ? 12 : 8) ** -0.5;
        const largest = Math.max(...values.map(Math.abs));
        expect(largest, name).toBeLessThanOrEqual(bound);
        expect(largest, name).toBeGreaterThan(bound / 2);
      }
    }
  });

  it('has gradients that agree with finite differences, by every parameter and both inputs', () => {
    const { store, layer, values } = tinyLayer();
    const inputs = { language: language(), vision: vision() };
    const at = new Map(values).set('language', inputs.language.states).set('vision', inputs.vision.states);
    const loss = (tensors: ReadonlyMap<string, tf.Tensor>) => {
      const states = (name: string) => tensors.get(name) as tf.Tensor3D;
      return store.bind(tensors, () =>
        mixed(
          layer.forward(
            { ...inputs.language, states: states('language') },
            { ...inputs.vision, states: states('vision') },
            null,
          ),
        ),
      );
    };
    const names = [...at.keys()];
    const gradients = tf.grads((...tensors: tf.Tensor[]) =>
      loss(new Map(names.map((name, i) => [name, tensors[i]!]))),
    )(names.map((name) => at.get(name)!));
    for (const [i, name] of names.entries()) {
      const value = at.get(name)!;
      const direction = toTensor(noise(value.shape, 'direction', name));
      const unit = tf.div(direction, tf.norm(direction));
      const moved = (by: number) =>
        loss(new Map(at).set(name, tf.add(value, tf.mul(unit, by)))).dataSync()[0]!;
      const numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2;
      const along = tf.sum(tf.mul(gradients[i]!, unit)).dataSync()[0]!;
      expect(Math.abs(along - numeric), `${name}: ${along}, ${numeric}`).toBeLessThan(
        2e-2 * Math.max(1, Math.abs(numeric)),
      );
    }
  });

  it('gives the shared attention one gradient, the sum of both directions', () => {
    const { store, layer, values } = tinyLayer();
    const [text, frames] = [language(), vision()];
    const query = `${prefix}visual_attention.att.query.weight`;
    const fixed = store.bind(values, () => layer.forward(text, frames, null)); // constant where gradients are taken
    const gradient = (ofLanguage: boolean, ofVision: boolean) =>
      gradientsOf(store, values, [query], () => {
        const { language, vision } = layer.forward(text, frames, null);
        return mixed({
          language: ofLanguage ? language : fixed.language,
          vision: ofVision ? vision : fixed.vision,
        });
      }).gradients.get(query)!;
    const [forText, forFrames] = [gradient(true, false), gradient(false, true)];
    const sum = forText.map((share, i) => share + forFrames[i]!);
    expect(Math.hypot(...forText)).toBeGreaterThan(1e-3);
    expect(Math.hypot(...forFrames)).toBeGreaterThan(1e-3);
    expectClose('gradient', gradient(true, true), sum, 1e-5);
  });

  it('treats the streams alike: exchanged, with their weights, they come out exchanged', () => {
    const { store, layer, values } = tinyLayer();
    const exchangedName = (name: string) =>
      name.includes('.lang_') ? name.replace('.lang_', '.visn_') : name.replace('.visn_', '.lang_');
    const exchanged = new Map([...values].map(([name, value]) => [exchangedName(name), value]));
    const there = store.bind(values, () => layer.forward(language(), vision(), null));
    const back = store.bind(exchanged, () => layer.forward(vision(), language(), null));
    expectClose('language', back.vision.states.dataSync(), there.language.states.dataSync(), 1e-6);
    expectClose('vision', back.language.states.dataSync(), there.vision.states.dataSync(), 1e-6);
  });

  it('attends to no masked position of either stream', () => {
    const { store, layer, values } = tinyLayer();
    const run = (text: Stream, frames: Stream) => store.bind(values, () => layer.forward(text, frames, null));
    // The last language token of the first row and the last vision token of the second are masked.
    const moved = ({ states, mask }: Stream, row: number, token: number): Stream => {
      const buffer = tf.buffer(states.shape, 'float32', states.dataSync<'float32'>().slice());
      for (let i = 0; i < 8; i++) buffer.set(i, row, token, i);
      return { states: buffer.toTensor() as tf.Tensor3D, mask };
    };
    const before = run(language(), vision());
    const after = run(moved(language(), 0, 3), moved(vision(), 1, 2));
    const others = ({ states }: Stream, row: number, token: number) => {
      const at = (row * states.shape[1] + token) * 8;
      return [...states.dataSync()].filter((_, i) => i < at || i >= at + 8);
    };
    expect(others(after.language, 0, 3)).toEqual(others(before.language, 0, 3));
    expect(others(after.vision, 1, 2)).toEqual(others(before.vision, 1, 2));
  });

  it('drops out by its keys only', () => {
    const config = { ...tiny.text, hiddenDropoutProb: 0.3, attentionProbsDropoutProb: 0.3 };
    const store = new ParameterStore();
    const layer = new LxmertCrossLayer(store, prefix, config);
    const states = (key: number | null) => {
      const keys = key === null ? null : new KeyStream(tf.tensor1d([1, key], 'int32'));
      const run = () => layer.forward(language(), vision(), keys);
      return store.bind(valuesOf(store), run).vision.states.dataSync<'float32'>();
    };
    const plain = tinyLayer();
    const run = () => plain.layer.forward(language(), vision(), null);
    expect(states(null)).toEqual(plain.store.bind(plain.values, run).vision.states.dataSync());
    expect(states(2)).toEqual(states(2));
    expect(states(2)).not.toEqual(states(3));
    expect(states(2)).not.toEqual(states(null));
  });
});
