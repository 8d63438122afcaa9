import { defaultProbabilities, rowParts } from '@reelbert/data';

import { allObjectives } from './pretraining-batches.js';
import type { WorkPlan } from './plan.js';
import type { SampleLengths } from './sample-lengths.js';
import type { ModelSizes } from './sizes.js';

// What is counted: the multiplications and additions of matrix products, 2 r m n for [r, m] x [m, n], on real tokens:
// no padding, no norms, activations, look-ups or optimizer. A training step counts three times its forward pass (the
// gradients of a product are two products of its size), recomputation not counted. t: tokens, h: hidden size,
// f: intermediate size.

/** Products of a layer on one sequence: 2t (4hh + 2hf) for its matrices, 4tth for scores and mixing. */
function layer(tokens: number, { hiddenSize: h, intermediateSize: f }: ModelSizes): number {
  return 2 * tokens * (4 * h * h + 2 * h * f) + 4 * tokens * tokens * h;
}

/** A text of `text` tokens and `frames` frames in one encoder, frames projected: + 2 frames d h. */
function singleStream(text: number, frames: number, sizes: ModelSizes): number {
  return sizes.layers * layer(text + frames, sizes) + 2 * frames * sizes.frameDim * sizes.hiddenSize;
}

/** LXMERT's cross layer: the shared attention both ways, then a BERT layer a stream. */
function crossLayer(text: number, vision: number, sizes: ModelSizes): number {
  const h = sizes.hiddenSize;
  const crossing = 2 * (text + vision) * 4 * h * h + 2 * 4 * text * vision * h;
  return crossing + layer(text, sizes) + layer(vision, sizes);
}

function twoStream({ text }: SampleLengths, sizes: ModelSizes): number {
  const vision = 1 + sizes.frames;
  return (
    sizes.layers * layer(text, sizes) +
    sizes.visualLayers * layer(vision, sizes) +
    sizes.crossLayers * crossLayer(text, vision, sizes)
  );
}

/** ViT on one image: patches embedded, 2 p (3 s s) h, then layers over 1 + p tokens. */
function image(sizes: ModelSizes): number {
  const patches = (sizes.imageSize / sizes.patchSize) ** 2;
  const embedding = 2 * patches * 3 * sizes.patchSize ** 2 * sizes.hiddenSize;
  return embedding + sizes.layers * layer(1 + patches, sizes);
}

/**
 * Three passes (text and frames, title, other text and frames), and the heads where something is hidden:
 * 2m (hh + hV) for m tokens in expectation, 2q (hh + hd) for q frames.
 */
function pretraining(batch: readonly SampleLengths[], sizes: ModelSizes): number {
  const { hiddenSize: h, vocabSize, frames, frameDim } = sizes;
  const { frameless, masked } = rowParts(batch.length, { objectives: allObjectives });
  const sum = (samples: readonly SampleLengths[]) => samples.reduce((total, { text }) => total + text, 0);
  const hiddenTokens =
    sum(batch.slice(frameless, masked)) + defaultProbabilities.mlm * sum(batch.slice(masked));
  const hiddenFrames = frames * (frameless + defaultProbabilities.mfm * (batch.length - masked));
  const passes = batch.map(
    ({ text, title, body }) =>
      singleStream(text, frames, sizes) + singleStream(title, 0, sizes) + singleStream(body, frames, sizes),
  );
  const heads = 2 * hiddenTokens * h * (h + vocabSize) + 2 * hiddenFrames * h * (h + frameDim);
  return passes.reduce((total, pass) => total + pass, heads);
}

/** Rows, inner size and columns of the products that are timed by themselves: a batch of 8 x 272 tokens. */
export function productShapes({ hiddenSize: h, intermediateSize: f, textLength, frames }: ModelSizes) {
  const rows = 8 * (textLength + frames);
  return [
    [rows, h, f],
    [rows, f, h],
    [rows, h, h],
  ] as const;
}

/** Floating-point operations of a plan's round. */
export function roundFlops({ work, sizes, batches }: WorkPlan): number {
  const samples = batches.flat();
  const total = (of: (sample: SampleLengths) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0);
  const classified = () => total(({ text }) => singleStream(text, sizes.frames, sizes));
  switch (work) {
    case 'products':
      return batches.length * productShapes(sizes).reduce((sum, [r, m, n]) => sum + 2 * r * m * n, 0);
    case 'pretraining':
    case 'small-pretraining':
      return 3 * batches.reduce((sum, batch) => sum + pretraining(batch, sizes), 0);
    case 'finetuning':
      return 3 * classified();
    case 'inference':
      return classified();
    case 'end-to-end':
      return 3 * (classified() + samples.length * sizes.frames * image(sizes));
    case 'two-stream':
      return 3 * total((sample) => twoStream(sample, sizes));
    case 'features':
    case 'jpeg-features':
      return total(() => image(sizes));
    case 'encoder':
      return 3 * total(() => sizes.layers * layer(sizes.textLength + sizes.frames, sizes));
  }
}
