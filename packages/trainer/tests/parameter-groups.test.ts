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
