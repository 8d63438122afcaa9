import { VisionTower, type ClipVisionConfig, type FrameEncoding } from '@reelbert/clip-features';
import { LxmertForClassification } from '@reelbert/lxmert';
import { ParameterStore, type Predictor, type Task } from '@reelbert/nn';
import { VisualBertForClassification } from '@reelbert/visual-bert';

import { modelChoice, type ModelChoice } from '../config/architecture.js';
import type { FinetuneConfig } from '../config/finetune-config.js';

/** Names of the tower's parameters in a classifier that takes pixels begin so. */
export const towerPrefix = 'visual_backbone.';

/** What decides a classifier's parameters. */
export type ClassifierShape = ModelChoice & {
  readonly modality: 'both' | 'text' | 'frames';
  readonly input: 'features' | 'pixels';
  /** The tower of a classifier that takes pixels. */
  readonly vision: ClipVisionConfig | null;
};

/** What a configuration of fine-tuning says about its classifier. */
export function shapeOf(config: FinetuneConfig): ClassifierShape {
  const { modality, input } = config;
  const vision = input === 'pixels' && modality !== 'text' ? config.vision : null;
  return { ...modelChoice(config), modality, input, vision };
}

/** A model that learns categories, and predicts them. */
export type Classifier = Task & Predictor;

/**
 * A classifier over a store of its own; with a frame tower in it where the input is pixels.
 *
 * @param frozenLayers the tower's layers that batches of `frameStates` have passed already
 */
export function buildClassifier(shape: ClassifierShape, classes: number, frozenLayers = 0): Classifier {
  const store = new ParameterStore();
  const { modality, input, vision } = shape;
  const tower =
    input === 'pixels' && modality !== 'text' && vision
      ? new VisionTower(store, towerPrefix, vision)
      : undefined;
  const frameEncoder: FrameEncoding | undefined = tower && {
    encode: (pixels, keys) => tower.encode(pixels, keys),
    encodeStates: (states, keys) => tower.encodeUpper(states, frozenLayers, keys),
  };
  return shape.architecture === 'lxmert'
    ? new LxmertForClassification(store, shape.model, { classes, frameEncoder })
    : new VisualBertForClassification(store, shape.model, { classes, modality, frameEncoder });
}
