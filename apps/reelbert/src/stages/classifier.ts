import { VisionTower } from '@reelbert/clip-features';
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForClassification } from '@reelbert/visual-bert';

import type { ExportConfig } from './export-folder.js';

/** Names of the tower's parameters in a classifier that takes pixels begin so. */
export const towerPrefix = 'visual_backbone.';

/** What decides a classifier's parameters. */
export type ClassifierShape = Pick<
  Extract<ExportConfig, { kind: 'classifier' }>,
  'model' | 'modality' | 'input' | 'vision'
>;

/** A classifier over a store of its own; with a frame tower in it where the input is pixels. */
export function buildClassifier(shape: ClassifierShape, classes: number): VisualBertForClassification {
  const store = new ParameterStore();
  const { model, modality, input, vision } = shape;
  const frameEncoder =
    input === 'pixels' && modality !== 'text' && vision
      ? new VisionTower(store, towerPrefix, vision)
      : undefined;
  return new VisualBertForClassification(store, model, { classes, modality, frameEncoder });
}
