import { join } from 'node:path';

import { uniformFrames, type NdArrays } from '@reelbert/data';

import { imagesOf, trainingPixels } from '../config/data-config.js';
import { openClassifierFrames } from '../dataset/classifier-frames.js';
import type { FrameSource } from '../dataset/frame-source.js';
import { shapeOf } from './classifier.js';
import type { OpenFinetuning } from './open-finetuning.js';
import type { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';
import { openVisionCache } from './vision-cache.js';

/**
 * Opens the frames of the training and validation clips: features, pixels, or what the tower's frozen layers make of
 * pixels, computed once.
 *
 * @param initial the weights that training starts from
 */
export function openTrainingFrames(
  opened: OpenFinetuning,
  initial: NdArrays,
  quarantine: Quarantine,
  options: StageOptions,
): Promise<FrameSource> {
  const { config, training, validation = [], locations } = opened;
  const clips = [...training, ...validation];
  const { visionCache } = config;
  if (visionCache === false) {
    const shape = { ...shapeOf(config), images: trainingPixels(config.images) };
    return openClassifierFrames(shape, clips, locations, quarantine, options);
  }
  const { sampling, validation: validationSampling, perClip } = config.frames;
  const forTraining = new Set(training.map((clip) => clip.id));
  const uniform = (count: number) => uniformFrames(count, perClip);
  const every = (count: number) => Array.from({ length: count }, (_, frame) => frame);
  return openVisionCache(
    visionCache === true ? join(options.out, 'vision-cache') : visionCache,
    {
      vision: config.vision,
      images: imagesOf(config.images),
      layers: opened.frozenLayers,
      weights: initial,
    },
    {
      clips,
      folder: locations.frames!,
      choose: ({ id }) =>
        (forTraining.has(id) ? sampling : validationSampling) === 'random' ? every : uniform,
    },
    quarantine,
    options,
  );
}
