import { join } from 'node:path';

import { readSafetensors } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { bertFiles, openModelFolder, readBert } from '../src/index.js';
import { copyOf, editJson, editTensors, fixture, refusal } from './folders.js';

const read = async (folder: string) => readBert(await openModelFolder(folder));
const zeros = (...shape: number[]) => ({
  dtype: 'float32' as const,
  shape,
  data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
});

describe('a BERT', () => {
  it('is read without prefix, as BertModel saves it', async () => {
    const { settings, parts, weights, notes, precision } = await read(fixture('bert-model'));
    expect(settings).toEqual({
      vocabSize: 21,
      hiddenSize: 8,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      intermediateSize: 12,
      maxPositionEmbeddings: 16,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      hiddenDropoutProb: 0.1,
      attentionProbsDropoutProb: 0.1,
      initializerRange: 0.5,
      padTokenId: 0,
    });
    expect(parts).toEqual({ pooler: true, head: false, decoder: false, nextSentence: false });
    const file = await readSafetensors(join(fixture('bert-model'), 'model.safetensors'));
    expect(weights['bert.pooler.dense.bias']).toEqual(file['pooler.dense.bias']);
    expect(Object.keys(weights)).toHaveLength(Object.keys(file).length);
    expect({ notes, precision }).toEqual({ notes: [], precision: 'F32' });
  });

  it('is read with prefix and masked language head, without pooler', async () => {
    const { parts, tiedDecoder, weights } = await read(fixture('bert-mlm'));
    expect(parts).toEqual({ pooler: false, head: true, decoder: false, nextSentence: false });
    expect(tiedDecoder).toBe(true);
    expect(weights['cls.predictions.bias']!.shape).toEqual([21]);
  });

  it("is read with TensorFlow's old names, position ids and a decoder of its own", async () => {
    const { parts, weights } = await read(fixture('bert-old'));
    expect(parts).toEqual({ pooler: true, head: true, decoder: true, nextSentence: true });
    const file = await readSafetensors(join(fixture('bert-old'), 'model.safetensors'));
    expect(weights['bert.embeddings.LayerNorm.weight']).toEqual(file['bert.embeddings.LayerNorm.gamma']);
    expect(weights['bert.encoder.layer.1.output.LayerNorm.bias']).toEqual(
      file['bert.encoder.layer.1.output.LayerNorm.beta'],
    );
    expect(Object.keys(weights)).not.toContain('bert.embeddings.position_ids');
  });

  it('is read from shards, and from half precision as float32', async () => {
    const whole = await read(fixture('bert-model'));
    const shards = await read(fixture('bert-shards'));
    expect(shards.weights).toEqual(whole.weights);
    const half = await read(fixture('bert-half'));
    expect(half.precision).toBe('F16');
    expect(half.weights['bert.pooler.dense.weight']!.dtype).toBe('float32');
  });

  it('loses the head of another task, and says so', async () => {
    const folder = copyOf('bert-mlm');
    await editTensors(folder, (tensors) => {
      tensors['classifier.weight'] = zeros(3, 8);
      tensors['classifier.bias'] = zeros(3);
    });
    const { notes, weights } = await read(folder);
    expect(notes).toEqual([expect.stringMatching(/left out.*'classifier\.weight', 'classifier\.bias'/)]);
    expect(Object.keys(weights).filter((name) => name.includes('classifier'))).toEqual([]);
  });

  it.each(['bert-model', 'bert-mlm', 'bert-shards'])('goes back under the names it had: %s', async (name) => {
    const model = await openModelFolder(fixture(name));
    const { settings, weights, tiedDecoder } = await readBert(model);
    const { config, tensors } = bertFiles(settings, weights, tiedDecoder);
    const names = [...model.weights.tensors.keys()];
    expect(Object.keys(tensors).sort()).toEqual(names.sort());
    expect(tensors).toEqual(await model.weights.read(names));
    expect(model.config).toMatchObject(config);
  });
});

describe('refused, by name,', () => {
  const broken = (edit: (config: Record<string, unknown>) => void) => {
    const folder = copyOf('bert-model');
    editJson(folder, 'config.json', edit);
    return refusal(read(folder));
  };

  it('is another kind of model', async () => {
    expect(await refusal(read(fixture('clip-both')))).toMatch(/model_type: found "clip"; expected 'bert'/);
    expect(await broken((config) => delete config.model_type && delete config.architectures)).toMatch(
      /model_type: found nothing/,
    );
  });

  it('are settings that the encoder here lacks', async () => {
    expect(await broken((config) => (config.hidden_act = 'relu'))).toMatch(
      /config\.json: hidden_act: found "relu"; expected "gelu"/,
    );
    expect(await broken((config) => (config.position_embedding_type = 'relative_key'))).toMatch(/absolute/);
    expect(await broken((config) => (config.is_decoder = true))).toMatch(/is_decoder/);
    expect(await broken((config) => (config.num_attention_heads = 3))).toMatch(/divisor of hidden_size/);
    expect(await broken((config) => delete config.vocab_size)).toMatch(/vocab_size: found nothing/);
    expect(await broken((config) => (config.hidden_size = '8'))).toMatch(/hidden_size: found "8"/);
  });

  it('is a configuration that the tensors do not follow', async () => {
    expect(await broken((config) => (config.hidden_size = 16))).toMatch(
      /word_embeddings\.weight': shape: found \[21, 8\]; expected \[21, 16\] by config\.json/,
    );
    expect(await broken((config) => (config.num_hidden_layers = 3))).toMatch(
      /no 'bert\.encoder\.layer\.2\..*and 8 more; expected all tensors/,
    );
    expect(await broken((config) => (config.num_hidden_layers = 1))).toMatch(
      /'encoder\.layer\.1\..*and 8 more; expected only tensors of a BERT of 1 layers/,
    );
  });

  it('are missing, unknown and doubled tensors, and such of whole numbers', async () => {
    const damaged = async (edit: Parameters<typeof editTensors>[1]) => {
      const folder = copyOf('bert-model');
      await editTensors(folder, edit);
      return refusal(read(folder));
    };
    expect(
      await damaged((tensors) => {
        delete tensors['pooler.dense.bias'];
        delete tensors['encoder.layer.0.output.dense.weight'];
      }),
    ).toMatch(/no 'bert\.encoder\.layer\.0\.output\.dense\.weight', 'bert\.pooler\.dense\.bias';/);
    expect(await damaged((tensors) => (tensors['visual.weight'] = zeros(1)))).toMatch(
      /found 'visual\.weight'; expected only tensors of a BERT/,
    );
    const bias = 'embeddings.LayerNorm.bias';
    expect(await damaged((tensors) => (tensors['bert.embeddings.LayerNorm.beta'] = zeros(8)))).toMatch(
      /both of which are 'bert\.embeddings\.LayerNorm\.bias'/,
    );
    const whole = { dtype: 'int32' as const, shape: [8], data: new Int32Array(8) };
    expect(await damaged((tensors) => (tensors[bias] = whole))).toMatch(/dtype: found I32/);
  });

  it('is a head without the decoder that its configuration promises', async () => {
    const folder = copyOf('bert-mlm');
    editJson(folder, 'config.json', (config) => (config.tie_word_embeddings = false));
    expect(await refusal(read(folder))).toMatch(/no 'cls\.predictions\.decoder\.weight'/);
  });
});
