import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  clipVisionConfigSchema,
  ContrastiveModel,
  contrastiveConfigSchema,
  referenceContrast,
  VisionTower,
} from '../src/index.js';
import { expectClose, expectDigest, goldenJson, goldenTensors, renamed, toTensor } from './golden.js';

// Values of a PyTorch restatement of the reference, made with transformers' CLIPVisionModel and BertModel:
//   pooled = model_image(frames.flatten(0, 1)).pooler_output.view(B, N, -1).mean(1)
//   text = model_text(ids, attention_mask=mask).last_hidden_state.mean(1)
//   logits = logit_scale.exp() * F.normalize(pooled, dim=-1) @ F.normalize(text, dim=-1).T
//   loss = (F.cross_entropy(logits, arange) + F.cross_entropy(logits.T, arange)) / 2

interface GoldenConfig {
  clip: Record<string, number | string>;
  two: Record<string, number>;
}

interface Expected {
  contrastive: { loss: number; loss_image: number; loss_text: number };
  digests: Record<string, Record<string, number[]>>;
}

const config = goldenJson<GoldenConfig>('config');
const expected = goldenJson<Expected>('expected');
const golden = goldenTensors('clip.contrastive');
const clipWeights = goldenTensors('clip.weights');

const vision = clipVisionConfigSchema.parse({
  hiddenSize: config.clip['hidden_size'],
  numHiddenLayers: config.clip['num_hidden_layers'],
  numAttentionHeads: config.clip['num_attention_heads'],
  intermediateSize: config.clip['intermediate_size'],
  imageSize: config.clip['image_size'],
  patchSize: config.clip['patch_size'],
  layerNormEps: config.clip['layer_norm_eps'],
  hiddenAct: config.clip['hidden_act'],
});

const reference = contrastiveConfigSchema.parse({
  ...referenceContrast,
  vision,
  text: {
    vocabSize: config.two['vocab_size'],
    hiddenSize: config.two['hidden_size'],
    numHiddenLayers: config.two['text_layers'],
    numAttentionHeads: config.two['num_attention_heads'],
    intermediateSize: config.two['intermediate_size'],
    maxPositionEmbeddings: config.two['max_position_embeddings'],
  },
});

const weights = {
  ...renamed(clipWeights, 'vision_model.', 'model_image.vision_model.'),
  ...renamed(clipWeights, 'logit_scale', 'model_clip.logit_scale'),
  ...renamed(goldenTensors('two.weights'), 'roberta.', 'model_text.'),
};

beforeAll(async () => void (await startBackend()));

// CHW as PyTorch's images -> HWC
const pixels = () => tf.transpose(toTensor(golden['in.frame_input']!), [0, 1, 3, 4, 2]); // [B, N, S, S, 3]

const batch = () => ({
  inputIds: toTensor(golden['in.title_input']!),
  textMask: toTensor(golden['in.title_mask']!),
  pixels: pixels(),
  frameMask: toTensor(golden['in.frame_mask']!),
});

function values(store: ParameterStore, from: Readonly<Record<string, Parameters<typeof toTensor>[0]>>) {
  return new Map([...store.specs.keys()].map((name) => [name, toTensor(from[name]!)]));
}

describe('the vision tower', () => {
  it("gives the reference's last states and pooled output for every image", async () => {
    const store = new ParameterStore();
    const tower = new VisionTower(store, '', vision);
    const size = vision.imageSize;
    const output = store.bind(values(store, clipWeights), () =>
      tower.forward(tf.reshape(pixels(), [-1, size, size, 3])),
    );
    expect(output.lastHiddenState.shape).toEqual(golden['out.last_hidden_state']!.shape);
    expectClose('states', await output.lastHiddenState.data(), golden['out.last_hidden_state']!.data, 1e-5);
    expectClose('pooled', await output.pooled.data(), golden['out.pooled']!.data, 1e-5);
  });

  it('has a parameter of the same shape for every weight of the checkpoint', () => {
    const store = new ParameterStore();
    new VisionTower(store, '', vision);
    const shapes = Object.fromEntries([...store.specs].map(([name, { shape }]) => [name, shape]));
    const stored = Object.entries(clipWeights).filter(([name]) => name !== 'logit_scale');
    expect(shapes).toEqual(Object.fromEntries(stored.map(([name, { shape }]) => [name, shape])));
  });
});

describe('the contrastive model with the choices of the reference', () => {
  it("gives the reference's losses", async () => {
    const model = new ContrastiveModel(new ParameterStore(), reference);
    const { loss, parts } = model.parameters.bind(values(model.parameters, weights), () =>
      model.loss(batch(), null),
    );
    const { contrastive } = expected;
    expectClose('loss', await loss.data(), [contrastive.loss], 1e-5);
    expectClose('loss', await loss.data(), golden['out.loss']!.data, 1e-5);
    expectClose('image', await parts['image']!.data(), golden['out.loss_image']!.data, 1e-5);
    expectClose('text', await parts['text']!.data(), golden['out.loss_text']!.data, 1e-5);
  });

  it("gives the reference's gradients", async () => {
    const model = new ContrastiveModel(new ParameterStore(), reference);
    const gradients = await gradientsOf(model);
    const stored = Object.entries(renamed(golden, 'grad.', ''));
    // Gradients that are zero but for rounding (a key's bias moves no softmax) are held against the others' size.
    const floor = 1e-6;
    for (const [name, { data }] of stored) expectClose(name, gradients.get(name)!, data, 1e-4, floor);
    let digests = 0;
    for (const [part, table] of Object.entries(expected.digests)) {
      if (!part.startsWith('contrastive.')) continue;
      const prefix = part.replace('contrastive.', 'model_');
      for (const [name, digest] of Object.entries(table)) {
        expectDigest(name, gradients.get(`${prefix}.${name}`)!, digest, 1e-4, floor);
        digests++;
      }
    }
    expect(stored.length + digests).toBeGreaterThan(10);
  });
});

async function gradientsOf(model: ContrastiveModel): Promise<Map<string, Float32Array>> {
  const names = [...model.parameters.specs.keys()];
  const at = values(model.parameters, weights);
  const { grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const bound = new Map(names.map((name, i) => [name, tensors[i]!]));
    return model.parameters.bind(bound, () => model.loss(batch(), null).loss);
  })(names.map((name) => at.get(name)!));
  const read = names.map(async (name, i) => [name, (await grads[i]!.data()) as Float32Array] as const);
  return new Map(await Promise.all(read));
}
