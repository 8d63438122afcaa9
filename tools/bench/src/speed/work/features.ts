import {
  clipVisionConfigSchema,
  extractFeatures,
  frameLoader,
  VisionTower,
  type ClipVisionConfig,
} from '@reelbert/clip-features';
import type { HostTensors, Program } from '@reelbert/compiler';
import { imageNetNormalisation } from '@reelbert/data';
import { ParameterStore, type TensorBatch } from '@reelbert/nn';
import { evaluator } from '@reelbert/trainer';

import { madeUpNumbers } from '../made-up-data.js';
import type { ProgramWork } from '../our-work.js';
import type { WorkPlan } from '../plan.js';
import type { ModelSizes } from '../sizes.js';
import { videoId } from '../zipped-frames.js';
import { writeMadeUpWeights } from './weights.js';

/** Images encoded at a time where their number is free, as the program does. */
const extractionBatch = 32;

/** The tower's configuration: a ViT as wide as a frame's feature. */
export function towerConfig(sizes: ModelSizes): ClipVisionConfig {
  return clipVisionConfigSchema.parse({
    hiddenSize: sizes.frameDim,
    numHiddenLayers: sizes.layers,
    numAttentionHeads: sizes.heads,
    intermediateSize: sizes.intermediateSize,
    imageSize: sizes.imageSize,
    patchSize: sizes.patchSize,
  });
}

/** Frame features of images that are in memory. */
export async function featureWork(program: Program, { sizes, batches }: WorkPlan): Promise<ProgramWork> {
  await defineEncoding(program, sizes);
  const { imageSize } = sizes;
  const inputs = batches.map((batch, i): HostTensors => {
    const shape = [batch.length, imageSize, imageSize, 3];
    const data = madeUpNumbers(batch.length * imageSize * imageSize * 3, i);
    return { pixels: { dtype: 'float32', shape, data } };
  });
  return { functionName: 'encode', inputs };
}

/** Frame features of zipped JPEGs, one zip a batch of the plan: read, decoded, resized, cropped, encoded. */
export async function jpegFeatureWork(program: Program, plan: WorkPlan): Promise<ProgramWork> {
  const { sizes, batches, frames } = plan;
  if (frames === undefined) throw new Error('jpeg-features needs a folder of zipped frames');
  const encode = await defineEncoding(program, sizes);
  const { imageSize } = sizes;
  const load = frameLoader(frames, {
    size: Math.round((imageSize * 8) / 7), // 256 for 224
    crop: imageSize,
    normalisation: imageNetNormalisation,
  });
  const round = async () => {
    const report = await extractFeatures({
      ids: batches.map((_, i) => videoId(i)),
      load,
      encode: (pixels) => encode({ pixels }),
      sink: { add: async () => undefined },
      batchSize: extractionBatch,
    });
    if (report.quarantine.length > 0) throw new Error(report.quarantine[0]!.message);
  };
  const pixels = new Float32Array(extractionBatch * imageSize * imageSize * 3);
  const shape = [extractionBatch, imageSize, imageSize, 3];
  return { functionName: 'encode', inputs: [{ pixels: { dtype: 'float32', shape, data: pixels } }], round };
}

async function defineEncoding(program: Program, sizes: ModelSizes) {
  const parameters = new ParameterStore();
  const tower = new VisionTower(parameters, '', towerConfig(sizes));
  await writeMadeUpWeights(program, parameters);
  const predictor = { parameters, logits: (batch: TensorBatch) => tower.encode(batch.pixels!) };
  return evaluator(program, predictor, { weights: 'model', name: 'encode' });
}
