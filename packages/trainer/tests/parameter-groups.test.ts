import { describe, expect, test } from 'vitest';

import { parameterRules, trainingSettings, type TrainingSettingsInput } from '../src/index.js';

const shapes: Record<string, number[]> = {
  'roberta.bert.encoder.layer.0.attention.output.LayerNorm.weight': [8],
  'roberta.bert.encoder.layer.0.attention.output.dense.weight': [8, 8],
  'roberta.bert.encoder.layer.0.attention.output.dense.bias': [8],
  'roberta_mvm_lm_header.predictions.decoder.weight': [4, 8],
  'visual_backbone.vision_model.pre_layrnorm.weight': [8],
  'visual_backbone.vision_model.encoder.layers.0.layer_norm1.weight': [8],
  logit_scale: [],
  cls_token: [1, 1, 8],
  'newfc_tag.weight': [3, 8],
};

function rules(optimizer: TrainingSettingsInput['optimizer']) {
  const parameters = Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
  return parameterRules(parameters, trainingSettings({ optimizer }).optimizer);
}

const decayed = (optimizer: TrainingSettingsInput['optimizer']) =>
  rules(optimizer).flatMap((rule) => (rule.weightDecay > 0 ? [rule.name] : []));

describe('parameter groups', () => {
  test("the reference spares 'bias' and 'LayerNorm.weight' by name, so CLIP's norms and scales decay", () => {
    expect(decayed({ noDecay: 'reference' })).toEqual([
      'roberta.bert.encoder.layer.0.attention.output.dense.weight',
      'roberta_mvm_lm_header.predictions.decoder.weight',
      'visual_backbone.vision_model.pre_layrnorm.weight',
      'visual_backbone.vision_model.encoder.layers.0.layer_norm1.weight',
      'logit_scale',
      'cls_token',
      'newfc_tag.weight',
    ]);
  });

  test('otherwise everything that is at most a vector is spared', () => {
    expect(decayed({})).toEqual([
      'roberta.bert.encoder.layer.0.attention.output.dense.weight',
      'roberta_mvm_lm_header.predictions.decoder.weight',
      'newfc_tag.weight',
    ]);
  });

  test('match substrings of names, the first group that fits; all others take the common rate', () => {
    const groups = [
      { match: ['roberta'], learningRate: 5e-5 },
      { match: ['visual_backbone', 'bert'], factor: 0.5 },
    ];
    const rates = rules({ learningRate: 4e-4, groups }).map((rule) => rule.learningRate);
    expect(rates).toEqual([5e-5, 5e-5, 5e-5, 5e-5, 2e-4, 2e-4, 4e-4, 4e-4, 4e-4]);
  });

  test('can be frozen', () => {
    const frozen = rules({ groups: [{ match: ['encoder.layers.0.'], frozen: true }] }).filter(
      (rule) => rule.frozen,
    );
    expect(frozen.map((rule) => rule.name)).toEqual([
      'visual_backbone.vision_model.encoder.layers.0.layer_norm1.weight',
    ]);
  });

  test('refuse a rate together with a factor', () => {
    expect(() => rules({ groups: [{ match: ['a'], learningRate: 1, factor: 1 }] })).toThrow('not both');
  });
});

describe('layer decay', () => {
  /** Rates of a two-stream model's parameters, in the model's order, by the part of the name that matters. */
  const names = [
    'visual_backbone.vision_model.embeddings.class_embedding',
    'visual_backbone.vision_model.pre_layrnorm.weight',
    'visual_backbone.vision_model.encoder.layers.0.mlp.fc1.weight',
    'visual_backbone.vision_model.encoder.layers.1.mlp.fc1.weight',
    'visual_backbone.vision_model.post_layernorm.weight',
    'cls_token',
    'roberta.embeddings.word_embeddings.weight',
    'roberta.encoder.layer.0.output.dense.weight',
    'roberta.encoder.layer.1.output.dense.weight',
    'roberta.encoder.layer.10.output.dense.weight',
    'roberta.pooler.dense.weight',
    'cross_bert.x_layers.0.lang_inter.dense.weight',
    'cross_bert.x_layers.2.lang_inter.dense.weight',
    'newfc_tag.weight',
  ];
  const rates = (optimizer: TrainingSettingsInput['optimizer']) =>
    parameterRules(
      names.map((name) => ({ name, shape: [2, 2] })),
      trainingSettings({ optimizer }).optimizer,
    ).map((rule) => rule.learningRate);

  test('falls by a factor a layer in each encoder, from its last layer down to its embeddings', () => {
    const found = rates({ learningRate: 1, layerDecay: { factor: 0.5 } });
    expect(found.slice(0, 5)).toEqual([0.25, 0.25, 0.5, 1, 1]);
    expect(found.slice(5, 11)).toEqual([1, 0.5 ** 11, 0.5 ** 10, 0.5 ** 9, 1, 1]);
    expect(found.slice(11)).toEqual([0.25, 1, 1]);
  });

  test("multiplies a group's rate", () => {
    const groups = [
      { match: ['visual_backbone'], learningRate: 0.1 },
      { match: ['roberta'], factor: 2 },
    ];
    const found = rates({ learningRate: 1, groups, layerDecay: { factor: 0.5 } });
    expect(found.slice(0, 5)).toEqual([0.025, 0.025, 0.05, 0.1, 0.1]);
    expect(found.slice(5, 11)).toEqual([1, 2 * 0.5 ** 11, 2 * 0.5 ** 10, 2 * 0.5 ** 9, 2, 2]);
  });

  test('can be for some names only', () => {
    const found = rates({ learningRate: 1, layerDecay: { factor: 0.5, match: ['visual_backbone'] } });
    expect(found).toEqual([0.25, 0.25, 0.5, ...Array<number>(11).fill(1)]);
  });

  test('knows the embeddings of text and of frames of a single-stream model', () => {
    const single = [
      'roberta.bert.embeddings.LayerNorm.bias',
      'roberta.bert.video_fc.weight',
      'roberta.bert.video_embeddings.position_embeddings.weight',
      'roberta.bert.encoder.layer.0.output.LayerNorm.bias',
      'roberta.bert.pooler.dense.weight',
      'roberta.cls.predictions.decoder.weight',
    ].map((name) => ({ name, shape: [2, 2] }));
    const settings = trainingSettings({ optimizer: { learningRate: 1, layerDecay: { factor: 0.5 } } });
    const found = parameterRules(single, settings.optimizer).map((rule) => rule.learningRate);
    expect(found).toEqual([0.5, 0.5, 0.5, 1, 1, 1]);
  });

  test('refuses a factor of 0 or above 1', () => {
    for (const factor of [0, 1.1]) expect(() => rates({ layerDecay: { factor } })).toThrow('factor');
  });
});

describe('training settings', () => {
  test('have a default for everything', () => {
    expect(trainingSettings()).toMatchObject({
      schedule: { warmup: 0.1 },
      adversarial: { kind: 'none' },
      clipNorm: null,
    });
  });

  test('refuse unknown fields', () => {
    expect(() => trainingSettings({ epoch: 3 } as never)).toThrow('epoch');
  });
});
