import type { FloatType, NdArrays } from '@reelbert/data';

import { checkTensors, refuseUnknown, type Shapes } from './check-tensors.js';
import {
  clipVisionConfigJson,
  readClipVisionSettings,
  type ClipVisionSettings,
} from './clip-vision-settings.js';
import type { JsonObject } from './json-file.js';
import type { ModelFolder } from './model-folder.js';
import { precisionOf, renameTensors } from './renamed.js';

/** How a CLIP vision model's tensors are named: with `vision_model.` before (transformers 4, and CLIPModel) or not (5). */
export type ClipNames = 'transformers-4' | 'transformers-5';

/** A CLIP vision tower out of a folder. */
export interface ClipVisionFiles {
  readonly settings: ClipVisionSettings;
  /** `vision_model.*`, float32. */
  readonly weights: NdArrays;
  readonly names: ClipNames;
  readonly precision: FloatType;
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

const prefix = 'vision_model.';
const towerParts = /^(embeddings|encoder|pre_layrnorm|post_layernorm)\./;
const textTower = /^(text_model\.|text_projection\.|logit_scale$)/;
const projection = /^visual_projection\./;
const buffers = /^vision_model\.embeddings\.position_ids$/;

/**
 * Reads a CLIP vision tower, by itself or out of a whole CLIP, whose text tower and projections are left out.
 *
 * @throws InputError for another model, and for tensors that are missing, unknown or of another shape
 */
export async function readClipVision(model: ModelFolder): Promise<ClipVisionFiles> {
  const { folder, config, configFile, weights } = model;
  const settings = readClipVisionSettings(config, configFile);
  const inFiles = [...weights.tensors.keys()];
  const left = inFiles.filter((name) => textTower.test(name) || projection.test(name));
  const named = inFiles
    .filter((name) => !left.includes(name))
    .map((inFile) => [normalise(inFile), inFile] as const)
    .filter(([name]) => !buffers.test(name));
  const renamed = renameTensors(weights, named);
  const shapes = clipVisionShapes(settings);
  checkTensors(renamed.tensors, shapes, folder);
  const unknown = named.filter(([name]) => !shapes.has(name)).map(([, inFile]) => inFile);
  refuseUnknown(unknown, folder, `a CLIP vision tower of ${settings.numHiddenLayers} layers`);
  return {
    settings,
    weights: await renamed.read(),
    names: inFiles.some((name) => towerParts.test(name)) ? 'transformers-5' : 'transformers-4',
    precision: precisionOf(renamed.tensors),
    notes: notes(left),
  };
}

function notes(left: readonly string[]): string[] {
  const [texts, others] = [
    left.filter((name) => textTower.test(name)),
    left.filter((name) => projection.test(name)),
  ];
  return [
    ...(texts.length > 0
      ? [`took the vision tower alone; left out the text tower (${texts.length} tensors)`]
      : []),
    ...(others.length > 0 ? ['left out the projection; features are the pooled states before it'] : []),
  ];
}

function normalise(inFile: string): string {
  const name = inFile.replace(/^module\./, '');
  return towerParts.test(name) ? prefix + name : name;
}

/** Names and shapes of a tower's tensors, with the names of transformers 4. */
export function clipVisionShapes(settings: ClipVisionSettings): Shapes {
  const { hiddenSize: hidden, intermediateSize, imageSize, patchSize } = settings;
  const shapes: [string, readonly number[]][] = [];
  const linear = (name: string, outputs: number, inputs: number) =>
    shapes.push([`${name}.weight`, [outputs, inputs]], [`${name}.bias`, [outputs]]);
  const norm = (name: string) => shapes.push([`${name}.weight`, [hidden]], [`${name}.bias`, [hidden]]);
  shapes.push(
    [`${prefix}embeddings.class_embedding`, [hidden]],
    [`${prefix}embeddings.patch_embedding.weight`, [hidden, 3, patchSize, patchSize]],
    [`${prefix}embeddings.position_embedding.weight`, [1 + (imageSize / patchSize) ** 2, hidden]],
  );
  norm(`${prefix}pre_layrnorm`); // spelt so in every checkpoint
  for (let i = 0; i < settings.numHiddenLayers; i++) {
    const layer = `${prefix}encoder.layers.${i}`;
    for (const part of ['k', 'v', 'q', 'out']) linear(`${layer}.self_attn.${part}_proj`, hidden, hidden);
    norm(`${layer}.layer_norm1`);
    linear(`${layer}.mlp.fc1`, intermediateSize, hidden);
    linear(`${layer}.mlp.fc2`, hidden, intermediateSize);
    norm(`${layer}.layer_norm2`);
  }
  norm(`${prefix}post_layernorm`);
  return new Map(shapes);
}

/**
 * A tower as transformers keeps it.
 *
 * @param weights `vision_model.*`
 * @param names those of transformers 4 load in transformers 5 too, but not the other way round
 */
export function clipVisionFiles(
  settings: ClipVisionSettings,
  weights: NdArrays,
  names: ClipNames = 'transformers-4',
): { readonly config: JsonObject; readonly tensors: NdArrays } {
  const rename = (name: string) => (names === 'transformers-5' ? name.slice(prefix.length) : name);
  return {
    config: clipVisionConfigJson(settings),
    tensors: Object.fromEntries(Object.entries(weights).map(([name, value]) => [rename(name), value])),
  };
}
