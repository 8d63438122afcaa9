import { describe, expect, it } from 'vitest';

import { clipPretrainSchema } from '../src/config/clip-pretrain-config.js';
import { finetuneSchema } from '../src/config/finetune-config.js';
import { loadConfig } from '../src/config/presets.js';
import { pretrainSchema } from '../src/config/pretrain-config.js';

const model = (name: string) => loadConfig(finetuneSchema, name);
const others = { learningRate: 5e-4, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-6 };
const singleStream = {
  ...others,
  groups: [
    { match: ['roberta'], learningRate: 5e-5, frozen: false },
    { match: ['visual_backbone'], learningRate: 1e-5, frozen: false },
  ],
};
const layer = (number: number) => `visual_backbone.vision_model.encoder.layers.${number}.`;

describe('the recipes at base size', () => {
  it('have the sizes, lengths and schedule of the original', async () => {
    for (const number of [1, 2, 3, 4]) {
      const config = await model(`model-${number}`);
      expect(config.model.text).toMatchObject({
        hiddenSize: 768,
        numHiddenLayers: 12,
        numAttentionHeads: 12,
        intermediateSize: 3072,
        hiddenDropoutProb: 0.1,
      });
      expect(config.vision).toMatchObject({
        hiddenSize: 768,
        numHiddenLayers: 12,
        imageSize: 224,
        patchSize: 32,
      });
      expect(config.text).toMatchObject({ parts: 'title-ocr-asr', maxLength: 256 });
      expect(config.frames).toMatchObject({ perClip: 16, sampling: 'random' });
      expect(config.input).toBe('pixels');
      expect(config.training).toMatchObject({
        epochs: 5,
        batchSize: 64,
        schedule: { kind: 'cosine', warmup: 0.1 },
        clipNorm: null,
        ema: { enabled: true, decay: 0.999 },
      });
    }
  });

  it('differ in architecture, tower, adversary and rates', async () => {
    const [one, two, three, four] = await Promise.all([1, 2, 3, 4].map((number) => model(`model-${number}`)));
    expect([one, two, three, four].map((config) => config!.architecture)).toEqual([
      'visual-bert',
      'visual-bert',
      'lxmert',
      'visual-bert',
    ]);
    for (const config of [one, two, four]) expect(config!.training.optimizer).toMatchObject(singleStream);
    expect(two!.tower).not.toBe(one!.tower);
    expect({ ...two, tower: one!.tower }).toEqual(one);
    const fgm = { kind: 'fgm', table: 'roberta.bert.embeddings.word_embeddings', epsilon: 1 };
    expect(one!.training.adversarial).toEqual(fgm);
    expect(four!.training.adversarial).toEqual({ ...fgm, kind: 'pgd', alpha: 0.3, steps: 3 });
    expect(three!.training.adversarial).toEqual({ ...fgm, table: 'roberta.embeddings.word_embeddings' });
  });

  it('train the last three layers of the two-stream model’s tower alone', async () => {
    const { training, model: sizes } = await model('model-3');
    expect(sizes).toMatchObject({ visualLayers: 6, crossLayers: 3 });
    expect(training.optimizer).toMatchObject({
      ...others,
      learningRate: 5e-5,
      groups: [
        { match: [layer(9), layer(10), layer(11)], learningRate: 5e-6, frozen: false },
        { match: ['visual_backbone'], frozen: true },
        { match: ['newfc_tag'], learningRate: 5e-4, frozen: false },
      ],
    });
  });

  it('pretrain at the rates of the original', async () => {
    const { training } = await loadConfig(pretrainSchema, 'base-pretrain');
    expect(training.optimizer).toMatchObject({
      ...others,
      groups: [{ match: ['roberta'], learningRate: 1e-4 }],
    });
    const contrast = await loadConfig(clipPretrainSchema, 'base-clip-pretrain');
    expect(contrast.frames).toEqual({ perClip: 4, sampling: 'random' });
    expect(contrast.text.parts).toBe('title');
    expect(contrast.training.optimizer).toMatchObject({
      ...others,
      learningRate: 5e-5,
      groups: [
        { match: ['model_image'], learningRate: 5e-6 },
        { match: ['logit_scale'], learningRate: 1e-5 },
      ],
    });
  });
});

describe('the same as the original behaves', () => {
  const optimizer = { kind: 'adamw-reference', noDecay: 'reference', epsilon: 1e-6 };

  it('keep the recipe', async () => {
    for (const number of [1, 2, 3, 4]) {
      const [sound, reference] = [await model(`model-${number}`), await model(`model-${number}-reference`)];
      expect(reference.training.optimizer).toEqual({ ...sound.training.optimizer, ...optimizer });
      expect(reference.model).toEqual({
        ...sound.model,
        pooling: 'all',
        tieWordEmbeddings: false,
        unusedParameters: true,
      });
      expect(reference.text).toEqual({ ...sound.text, bucket: 256 });
      expect(reference.frames.validation).toBe('random');
      expect(reference.images.normalisation).toBe('imagenet');
    }
    expect((await model('model-3-reference')).training.adversarial).toEqual({
      kind: 'fgm',
      table: null,
      epsilon: 1,
    });
  });

  it('pretrain with its losses', async () => {
    const config = await loadConfig(pretrainSchema, 'base-pretrain-reference');
    expect(config.model).toMatchObject({
      tieWordEmbeddings: false,
      frameContrast: { normalise: false, temperature: 1 },
      titleContrast: { temperature: 1, reduction: 'sum' },
    });
    expect(config.masking).toEqual({ tokens: 0.3, frames: 0.135, oneModality: 0.25, targetsFollow: false });
    expect(config).toMatchObject({ packing: 'one-a-row', text: { maxLength: 256 }, frames: { perClip: 16 } });
    const contrast = await loadConfig(clipPretrainSchema, 'base-clip-pretrain-reference');
    expect(contrast.model).toMatchObject({ pooling: 'all', maxScale: null, initialTemperature: 0.07 });
    expect(contrast.training.optimizer).toMatchObject(optimizer);
  });
});
