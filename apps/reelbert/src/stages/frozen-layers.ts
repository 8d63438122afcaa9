import { VisionTower, type ClipVisionConfig } from '@reelbert/clip-features';
import { InputError } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { parameterRules, type OptimizerSettings } from '@reelbert/trainer';

import { towerPrefix } from './classifier.js';

/**
 * How many of the tower's first layers are frozen with everything below them, so that what they compute of a frame
 * never changes.
 *
 * @throws InputError if there are none
 */
export function frozenLayers(vision: ClipVisionConfig, optimizer: OptimizerSettings): number {
  const parameters = new ParameterStore();
  new VisionTower(parameters, towerPrefix, vision);
  const root = `${towerPrefix}vision_model.`;
  const trained = parameterRules(parameters.specs.values(), optimizer)
    .filter(({ name, frozen }) => name.startsWith(root) && !frozen)
    .map(({ name }) => name);
  const below = [`${root}embeddings.`, `${root}pre_layrnorm.`];
  const none = trained.some((name) => below.some((prefix) => name.startsWith(prefix)));
  let layers = 0;
  const isTrained = (layer: number) =>
    trained.some((name) => name.startsWith(`${root}encoder.layers.${layer}.`));
  while (!none && layers < vision.numHiddenLayers && !isTrained(layers)) layers++;
  if (layers > 0) return layers;
  throw new InputError({
    field: 'visionCache',
    found: 'a tower that is trained from its first layer on',
    expected: "training.optimizer.groups that freeze the tower's embeddings and first layers",
  });
}
