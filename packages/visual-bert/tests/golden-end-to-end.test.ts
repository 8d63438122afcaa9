// Fine-tuning from pixels, tower included, as the original does it, by the golden set (golden.ts).
import { VisionTower } from '@reelbert/clip-features';
import type { NdArray, NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { VisualBertForClassification } from '../src/index.js';
import { goldenClassificationBatch } from './golden-batches.js';
import {
  expectClose,
  expected,
  expectRatio,
  golden,
  goldenConfig,
  goldenTensors,
  goldenVisionConfig,
  withPrefix,
} from './golden.js';
import { BoundProgram, programModes } from './running.js';

const modes = await programModes();
const tensors = await goldenTensors('clip.contrastive');
const tower = 'visual_backbone.';
const weights = {
  ...(await goldenTensors('single.weights')),
  ...renamed(await goldenTensors('clip.weights'), (name) => `${tower}${name}`),
};
const wanted = withPrefix('end_to_end.', tensors);

// A set has these values where the tower is as wide as the model's frames.
describe.runIf(wanted.logits).each(modes)('fine-tuning from pixels like the original (%s)', (mode) => {
  const store = new ParameterStore();
  const frameEncoder = new VisionTower(store, tower, goldenVisionConfig());
  const model = new VisualBertForClassification(store, goldenConfig(), {
    classes: golden.num_classes,
    frameEncoder,
  });
  let batch: NdArrays;
  let program: BoundProgram;
  beforeAll(async () => {
    const inputs = renamed(withPrefix('in.', tensors), (name) => `in.0.${name}`);
    const { frames, ...others } = goldenClassificationBatch(inputs);
    batch = { ...others, pixels: channelsLast(frames!) };
    program = await BoundProgram.of(store, weights, mode);
  });
  afterAll(() => program?.dispose());

  test('scores and loss', async () => {
    const found = await program.run(batch, (given) => {
      return { logits: model.logits(given), loss: model.loss(given, null).loss };
    });
    expectClose('logits', found.logits!, wanted.logits!, { absolute: 1e-5 });
    expectRatio('loss', found.loss!.data[0]!, wanted.loss!.data[0]!, 1e-5);
    expectRatio('loss (table)', found.loss!.data[0]!, expected.end_to_end!.loss, 1e-5);
  });

  test('the norms of the gradients of the tower', async () => {
    const found = await program.gradients(batch, (given) => model.loss(given, null).loss);
    const norms = Object.entries(expected.end_to_end!.visual_backbone_gradient_l2);
    expect(norms.length).toBeGreaterThan(0);
    for (const [name, norm] of norms) {
      const ours = Math.hypot(...found[`${tower}${name}`]!.data);
      expect(Math.abs(ours - norm), `${name}: ${ours}, not ${norm}`).toBeLessThanOrEqual(
        Math.max(1e-4 * norm, 1e-6),
      );
    }
  });
});

function renamed(arrays: NdArrays, rename: (name: string) => string): NdArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, value]) => [rename(name), value]));
}

// [batch, frames, 3, S, S] -> [batch, frames, S, S, 3]
function channelsLast({ shape, data }: NdArray): NdArray {
  const [batch, frames, channels, size] = shape as [number, number, number, number];
  const area = size * size;
  const moved = Float32Array.from({ length: data.length }, (_, at) => {
    const [image, pixel, channel] = [
      Math.floor(at / (area * channels)),
      Math.floor(at / channels) % area,
      at % channels,
    ];
    return data[(image * channels + channel) * area + pixel]!;
  });
  return { dtype: 'float32', shape: [batch, frames, size, size, channels], data: moved };
}
