import { makeKey } from '@reelbert/data';
import { KeyStream, startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  batchField,
  bertConfigSchema,
  BertEmbeddings,
  BertModel,
  Embedding,
  ParameterStore,
  PredictionHead,
  type BertConfig,
} from '../src/index.js';
import { tiny, toTensors, uneven, unevenState } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const list = (x: tf.Tensor) => Array.from(x.dataSync());
const int32 = (values: number[][]) => tf.tensor2d(values, undefined, 'int32');
const expectNear = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));

function makeModel(config: BertConfig = tiny) {
  const store = new ParameterStore();
  const model = new BertModel(store, 'bert.', config);
  const values = toTensors(unevenState(store));
  const run = (ids: number[][], mask: number[][], seed?: number) => {
    const keys = seed === undefined ? null : new KeyStream(tf.tensor1d(makeKey(seed), 'int32'));
    return store.bind(values, () => model.forward(int32(ids), int32(mask), keys));
  };
  return { store, model, values, run };
}

describe('configuration', () => {
  test('has the defaults of BERT-base', () => {
    expect(bertConfigSchema.parse({ vocabSize: 21_128 })).toMatchObject({
      hiddenSize: 768,
      numHiddenLayers: 12,
      numAttentionHeads: 12,
      intermediateSize: 3072,
      maxPositionEmbeddings: 512,
      layerNormEps: 1e-12,
    });
  });

  test('refuses heads that do not divide the width, and unknown keys', () => {
    const wrongHeads = bertConfigSchema.safeParse({ vocabSize: 9, numAttentionHeads: 7 });
    expect(wrongHeads.error?.issues[0]).toMatchObject({
      path: ['numAttentionHeads'],
      message: 'must divide hiddenSize',
    });
    expect(bertConfigSchema.safeParse({ vocabSize: 9, heads: 12 }).success).toBe(false);
  });
});

describe('BertModel', () => {
  test('has the parameters of Hugging Face’s', () => {
    const { store } = makeModel({ ...tiny, numHiddenLayers: 1, addPoolingLayer: true });
    const both = (name: string) => [`bert.${name}.weight`, `bert.${name}.bias`];
    expect([...store.specs.keys()].sort()).toEqual(
      [
        ...['word', 'position', 'token_type'].map((table) => `bert.embeddings.${table}_embeddings.weight`),
        ...both('embeddings.LayerNorm'),
        ...['query', 'key', 'value'].flatMap((part) => both(`encoder.layer.0.attention.self.${part}`)),
        ...both('encoder.layer.0.attention.output.dense'),
        ...both('encoder.layer.0.attention.output.LayerNorm'),
        ...both('encoder.layer.0.intermediate.dense'),
        ...both('encoder.layer.0.output.dense'),
        ...both('encoder.layer.0.output.LayerNorm'),
        ...both('pooler.dense'),
      ].sort(),
    );
  });

  test('what the mask hides does not reach the visible positions', () => {
    const { run } = makeModel();
    const mask = [[1, 1, 1, 0, 0]];
    const [first, second] = [run([[1, 5, 2, 0, 0]], mask), run([[1, 5, 2, 6, 4]], mask)];
    const visible = (states: tf.Tensor) => list(tf.slice(states, [0, 0, 0], [1, 3, 8]));
    expect(visible(second)).toEqual(visible(first));
    expect(list(second)).not.toEqual(list(first)); // hidden positions are computed all the same
    expectNear(visible(first), list(run([[1, 5, 2]], [[1, 1, 1]])));
  });

  test('positions, and rows, are told apart', () => {
    const { run } = makeModel();
    const mask = [[1, 1, 1]];
    expect(list(run([[5, 2, 1]], mask))).not.toEqual(list(run([[2, 5, 1]], mask)));
    const two = run([[5, 2, 1], [3, 3, 3]], [[1, 1, 1], [1, 1, 1]]); // prettier-ignore
    expectNear(list(tf.slice(two, [0, 0, 0], [1, 3, 8])), list(run([[5, 2, 1]], mask)));
  });

  test('the padding row of the word table has no gradient, all others that occur have', () => {
    const { store, model, values } = makeModel();
    const name = 'bert.embeddings.word_embeddings.weight';
    const gradient = tf.grad((table: tf.Tensor) =>
      store.bind(new Map(values).set(name, table), () => {
        const states = model.forward(int32([[3, 1, 0, 0]]), int32([[1, 1, 1, 0]]), null);
        return tf.sum(tf.mul(states, uneven(states.shape)));
      }),
    )(values.get(name)!);
    const sizes = list(tf.sum(tf.abs(gradient), 1));
    expect(sizes.map((size) => size > 0)).toEqual([false, true, false, true, false, false, false]);
  });

  test('drops out only where configured and given keys', () => {
    for (const rates of [{ hiddenDropoutProb: 0.5 }, { attentionProbsDropoutProb: 0.5 }]) {
      const { run } = makeModel({ ...tiny, ...rates });
      const once = (seed?: number) => list(run([[1, 2, 3]], [[1, 1, 1]], seed)).join();
      expect(once()).toBe(list(makeModel().run([[1, 2, 3]], [[1, 1, 1]], 1)).join());
      expect(once(1)).toBe(once(1));
      expect(new Set([once(), once(1), once(2)]).size).toBe(3);
    }
  });

  test('inputs that do not fit are refused by name', () => {
    const { run, store, model, values } = makeModel();
    expect(() => run([[1, 2, 3, 4, 5, 6, 1]], [[1, 1, 1, 1, 1, 1, 1]])).toThrow(
      "'bert.embeddings.position_embeddings.weight' has 6 rows; a sequence of 7 doesn't fit",
    );
    const ids = tf.tensor1d([1, 2], 'int32');
    expect(() => store.bind(values, () => model.forward(ids, ids, null))).toThrow(
      'ids must be [batch, tokens], found [2]',
    );
    expect(() => store.bind(values, () => model.embeddings.embed(tf.zeros([2, 3, 4]), null))).toThrow(
      'vectors must be [batch, tokens, 8], found [2, 3, 4]',
    );
  });
});

describe('BertEmbeddings', () => {
  test('embed vectors in place of words as they embed the words’ own vectors', () => {
    const { store, model, values } = makeModel();
    const ids = int32([[4, 2, 6]]);
    const { embeddings } = model;
    const [asWords, asVectors] = store.bind(values, () => {
      const vectors = tf.gather(embeddings.wordTable().value(), ids);
      return [embeddings.forward(ids, null), embeddings.embed(vectors, null)] as const;
    });
    expect(list(asVectors)).toEqual(list(asWords));
  });

  test('without a word table embed vectors only', () => {
    const store = new ParameterStore();
    const embeddings = new BertEmbeddings(store, '', tiny, { words: false });
    expect([...store.specs.keys()].filter((name) => name.startsWith('word'))).toEqual([]);
    expect(() => embeddings.wordTable()).toThrow('these embeddings have no word table');
    expect(() => embeddings.forward(int32([[1]]), null)).toThrow('these embeddings have no word table');
  });
});

describe('PredictionHead', () => {
  test('bias and decoder.bias are one parameter, and so are a tied decoder and its table', () => {
    const [own, tied] = [new ParameterStore(), new ParameterStore()];
    new PredictionHead(own, 'cls.', tiny, { outputs: 7, initializer: 'torch' });
    expect(own.specs.get('cls.decoder.weight')!.shape).toEqual([7, 8]);
    expect([...own.aliases]).toEqual([['cls.decoder.bias', 'cls.bias']]);

    const table = new Embedding(tied, 'words.', 7, 8, { kind: 'zeros' });
    new PredictionHead(tied, 'cls.', tiny, { outputs: 7, tiedTo: table.weight, initializer: 'torch' });
    expect(tied.specs.has('cls.decoder.weight')).toBe(false);
    expect(tied.aliases.get('cls.decoder.weight')).toBe('words.weight');
  });

  test('a tied head scores by the table', () => {
    const store = new ParameterStore();
    const table = new Embedding(store, 'words.', 7, 8, { kind: 'zeros' });
    const head = new PredictionHead(store, '', tiny, {
      outputs: 7,
      tiedTo: table.weight,
      initializer: 'torch',
    });
    const values = toTensors(unevenState(store));
    const states = uneven([2, 8]) as tf.Tensor2D;
    const scores = (at: Map<string, tf.Tensor>) => list(store.bind(at, () => head.forward(states)));
    // All rows of the table alike: all scores differ by the bias alone.
    const alike = new Map(values).set('words.weight', tf.ones([7, 8])).set('bias', tf.zeros([7]));
    expect(new Set(scores(alike).slice(0, 7)).size).toBe(1);
    expect(new Set(scores(values).slice(0, 7)).size).toBe(7);
  });

  test('a table of another shape is refused', () => {
    const store = new ParameterStore();
    const { weight } = new Embedding(store, 'words.', 9, 8, { kind: 'zeros' });
    const options = { outputs: 7, tiedTo: weight, initializer: 'torch' } as const;
    expect(() => new PredictionHead(store, '', tiny, options)).toThrow(
      "tiedTo must be [7, 8], 'words.weight' is [9, 8]",
    );
  });
});

test('a field that a batch lacks is named', () => {
  const batch = { inputIds: int32([[1]]) };
  expect(batchField(batch, 'inputIds')).toBe(batch.inputIds);
  expect(() => batchField(batch, 'labels')).toThrow("the batch has no field 'labels'; it has inputIds");
});
