import type { Annotation } from '@reelbert/data';

import type { ClassifierShape } from '../stages/classifier.js';
import type { Quarantine } from '../stages/quarantine.js';
import type { StageOptions } from '../stages/stage-options.js';
import { openFeatures } from './feature-frames.js';
import { noFrames, type FrameSource } from './frame-source.js';
import { loadPixels, type PixelOptions } from './pixel-frames.js';

/** Where a classifier's frames may come from. */
export interface FrameLocations {
  readonly features?: string | undefined;
  readonly frames?: string | undefined;
}

/** Shape of one frame as a classifier takes it: [D] features or [S, S, 3] pixels. */
export function frameShapeOf({ modality, input, model, vision }: ClassifierShape): readonly number[] {
  if (modality === 'text' || input === 'features') return [model.frameDim];
  return [vision!.imageSize, vision!.imageSize, 3];
}

/** Opens the frames that a classifier looks at; what is missing or broken goes to the quarantine. */
export async function openClassifierFrames(
  shape: ClassifierShape & { readonly images: Omit<PixelOptions, 'imageSize'> },
  clips: readonly Annotation[],
  locations: FrameLocations,
  quarantine: Quarantine,
  options: Pick<StageOptions, 'reporter' | 'signal'>,
): Promise<FrameSource> {
  if (shape.modality === 'text') return noFrames(frameShapeOf(shape));
  if (shape.input === 'pixels') {
    const images = { ...shape.images, imageSize: shape.vision!.imageSize };
    return loadPixels(locations.frames!, clips, images, quarantine, options);
  }
  const features = await openFeatures(locations.features!, shape.model.frameDim);
  quarantine.addWithoutFeatures(
    clips.map((clip) => clip.id),
    features,
  );
  return features;
}
