import type { ClipVisionConfig } from '@reelbert/clip-features';
import type { NdArrays } from '@reelbert/data';

import type { ImagesConfig } from '../config/data-config.js';
import { readExport } from './export-folder.js';
import { fingerprintValue, fingerprintWeights } from './fingerprint.js';
import { renamed } from './model-start.js';

/** A vision tower, from the contrastive model that it was trained in or by itself. */
export interface TowerExport {
  readonly kind: 'clip' | 'clip-vision';
  readonly folder: string;
  readonly vision: ClipVisionConfig;
  readonly images: ImagesConfig;
  /** `vision_model.*` */
  readonly weights: NdArrays;
}

/**
 * Reads the tower of an export or run of clip-pretrain, or an imported CLIP.
 *
 * @throws InputError if there is none
 */
export async function readTower(path: string): Promise<TowerExport> {
  const { folder, config, weights } = await readExport(path, 'clip', 'clip-vision');
  const { images } = config;
  return config.kind === 'clip'
    ? {
        kind: 'clip',
        folder,
        images,
        vision: config.model.vision,
        weights: renamed(weights, { 'model_image.': '' }),
      }
    : { kind: 'clip-vision', folder, images, vision: config.model, weights };
}

/** Features are the same if weights and images are. */
export async function towerIdentity(tower: TowerExport): Promise<string> {
  return fingerprintValue([await fingerprintWeights(tower), tower.vision, tower.images]);
}
