import { expect, it } from 'vitest';

import { findDigestTables } from '../src/digest-tables.js';

const digest = [1, 1, 1, 0, 0];
const found = (expected: unknown) =>
  findDigestTables(expected).map(({ family, kind, named }) => [family, kind, Object.keys(named)[0]]);

it.each([
  [{ digests: { 'single.pretrain.grad': { 'newfc_itm.bias': digest } } }, ['pretrain', 'gradient']],
  [{ digests: { pretrain: { 'roberta.bert.video_fc.bias': digest } } }, ['pretrain', 'gradient']],
  [
    { digests: { 'single.pretrain_steps.after5': { 'roberta.bert.video_fc.bias': digest } } },
    ['pretrain', 'after5'],
  ],
  [{ digests: { 'single.finetune': { 'newfc_tag.bias': digest } } }, ['finetune', 'gradient']],
  [{ finetune: { after5_linear: { digest: { 'newfc_tag.bias': digest } } } }, ['finetune', 'after5_linear']],
  [{ finetune: { ema5_digest: { 'newfc_tag.bias': digest } } }, ['finetune', 'ema5']],
  [{ digests: { 'finetune.fgm1_grad': { 'newfc_tag.bias': digest } } }, ['finetune', 'fgm1_grad']],
  [{ digests: { two: { 'cross_bert.x_layers.0.lang_inter.dense.bias': digest } } }, ['two', 'gradient']],
  [{ two_stream: { after1_digest: { 'newfc_tag.bias': digest } } }, ['two', 'after1']],
])('the place and the names of a table say what it stands for: %j', (expected, [family, kind]) => {
  expect(found(expected)[0]!.slice(0, 2)).toEqual([family, kind]);
});

it('gives the parameters of the contrastive model their whole names', () => {
  const tables = {
    digests: {
      'contrastive.text': { 'encoder.layer.0.output.dense.bias': digest },
      'contrastive.image': { 'vision_model.pre_layrnorm.bias': digest },
      'clip.contrastive.grad': { 'encoder.layers.0.mlp.fc1.bias': digest, logit_scale: [1, 1, 1] },
    },
    contrastive: { after1_digest: { 'model_text.embeddings.LayerNorm.bias': digest } },
  };
  expect(found(tables)).toEqual([
    ['contrastive', 'gradient', 'model_text.encoder.layer.0.output.dense.bias'],
    ['contrastive', 'gradient', 'model_image.vision_model.pre_layrnorm.bias'],
    ['contrastive', 'gradient', 'model_image.vision_model.encoder.layers.0.mlp.fc1.bias'],
    ['contrastive', 'after1', 'model_text.embeddings.LayerNorm.bias'],
  ]);
});

it('takes no other lists of numbers for digests', () => {
  expect(found({ metric: [{ labels: [1, 2] }], ensemble: { weights: [1, 1, 0.7, 1] } })).toEqual([]);
});
