import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import {
  extractFeatures,
  lowerTower,
  patchCount,
  StateStore,
  type ClipVisionConfig,
} from '@reelbert/clip-features';
import { createProgram } from '@reelbert/compiler';
import {
  frameArchivePath,
  FramePool,
  loadFrames,
  normalisePixels,
  type Annotation,
  type ImageLoader,
  type NdArray,
  type NdArrays,
} from '@reelbert/data';
import type { Predictor } from '@reelbert/nn';
import { declareParameters, evaluator } from '@reelbert/trainer';

import type { ImagesConfig } from '../config/data-config.js';
import { CachedStates } from '../dataset/cached-states.js';
import type { ChooseFrames, FrameSource } from '../dataset/frame-source.js';
import { normalisationOf } from '../dataset/pixel-frames.js';
import { Interrupted } from '../exit-status.js';
import { useBackend } from './backend.js';
import { towerPrefix } from './classifier.js';
import { fingerprintValue } from './fingerprint.js';
import type { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';

/** What decides the states of a frame after a tower's lower layers. */
export interface LowerTower {
  readonly vision: ClipVisionConfig;
  readonly images: ImagesConfig;
  /** How many layers. */
  readonly layers: number;
  /** Under a classifier's names; others may be among them. */
  readonly weights: NdArrays;
}

/** Frames whose states are wanted. */
export interface WantedFrames {
  readonly clips: readonly Annotation[];
  /** Folder of zipped frames. */
  readonly folder: string;
  /** Which frames of a clip may be asked for. */
  readonly choose: (clip: Annotation) => ChooseFrames;
}

/**
 * The clips' frames as states after the tower's lower layers: computed where the cache lacks them, and kept there.
 * The cache is known by the layers' weights, the way images are made and the frames' folder; a clip in it by its
 * file's size and time. An interrupted computation goes on where it was.
 *
 * @param cache a folder that holds one cache or many
 */
export async function openVisionCache(
  cache: string,
  tower: LowerTower,
  wanted: WantedFrames,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<FrameSource> {
  const { vision } = tower;
  const shape = [1 + patchCount(vision), vision.hiddenSize] as const;
  const lower = lowerTower(towerPrefix, vision, tower.layers);
  const own = Object.fromEntries(
    [...lower.parameters.specs.keys()].map((name) => [name, tower.weights[name]!]),
  );
  const key = fingerprintValue([
    weightsHash(own),
    vision,
    tower.images,
    tower.layers,
    resolve(wanted.folder),
  ]);
  const store = await StateStore.open(join(cache, key), shape[0] * shape[1]);
  try {
    const stamps = new Map<string, string>();
    for (const { id } of wanted.clips) stamps.set(id, await stampOf(wanted.folder, id));
    const missing = wanted.clips.filter((clip) => !isStored(store, clip, stamps.get(clip.id)!, wanted));
    if (missing.length > 0 || !store.has(CachedStates.fillerId)) {
      await compute({ store, lower, weights: own, tower, missing, stamps, wanted }, quarantine, options);
    }
    return await CachedStates.open(store, shape);
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Computation {
  readonly store: StateStore;
  readonly lower: Predictor;
  readonly weights: NdArrays;
  readonly tower: LowerTower;
  readonly missing: readonly Annotation[];
  readonly stamps: ReadonlyMap<string, string>;
  readonly wanted: WantedFrames;
}

async function compute(work: Computation, quarantine: Quarantine, options: Omit<StageOptions, 'out'>) {
  const { store, lower, weights, missing } = work;
  const { reporter, signal } = options;
  await useBackend(options);
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const pool = new FramePool(options.threads);
  const bar = reporter.progress('frozen layers', missing.length, 'clips');
  try {
    declareParameters(program, lower.parameters);
    await program.write(weights);
    const encode = evaluator(program, lower, { weights: 'model', name: 'lower' });
    const report = await extractFeatures({
      ids: [CachedStates.fillerId, ...missing.map((clip) => clip.id)],
      load: loader(work, pool.loadImages),
      readAhead: Math.max(8, 2 * pool.threads),
      encode: (pixels) => encode({ pixels }),
      // What is there under the same name is of another file, or other frames.
      sink: { add: (id, states) => store.add(id, states) },
      precision: 'float32',
      ...(signal && { signal }),
      onProgress: ({ done }) => bar.update(Math.max(0, done - 1)),
    });
    for (const clip of report.quarantine) quarantine.add(clip);
    if (report.interrupted) throw new Interrupted('frozen layers', report.done, 'clip');
  } finally {
    bar.stop();
    program.dispose();
    await pool.close();
  }
}

// Reads the frames that are wanted of a clip, and tells the store which they are.
function loader(
  { store, tower, missing, stamps, wanted }: Computation,
  loadImages: ImageLoader,
): (id: string) => Promise<NdArray> {
  const { imageSize } = tower.vision;
  const frameShape = [imageSize, imageSize, 3];
  const clips = new Map(missing.map((clip) => [clip.id, clip]));
  return async (id) => {
    const clip = clips.get(id);
    if (!clip) {
      store.announce({ id, stamp: '', count: 1, frames: [0] });
      return { dtype: 'float32', shape: [1, ...frameShape], data: new Float32Array(imageSize ** 2 * 3) };
    }
    const indices = wanted.choose(clip);
    const { shortSide, shrinkOnLoad } = tower.images;
    const options = { size: shortSide ?? imageSize, crop: imageSize, shrinkOnLoad, indices };
    const { count, data } = await loadFrames(wanted.folder, id, options, loadImages);
    const frames = indices(count);
    store.announce({ id, stamp: stamps.get(id)!, count, frames });
    const pixels = normalisePixels(data, normalisationOf(tower.images));
    return { dtype: 'float32', shape: [frames.length, ...frameShape], data: pixels };
  };
}

function isStored(store: StateStore, clip: Annotation, stamp: string, { choose }: WantedFrames): boolean {
  const video = store.video(clip.id);
  if (!video || video.stamp !== stamp) return false;
  const stored = new Set(video.frames);
  return choose(clip)(video.count).every((frame) => stored.has(frame));
}

async function stampOf(folder: string, id: string): Promise<string> {
  const found = await stat(frameArchivePath(folder, id)).catch(() => undefined);
  return `${found?.size}:${found?.mtimeMs}`;
}

function weightsHash(weights: NdArrays): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(weights)) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
