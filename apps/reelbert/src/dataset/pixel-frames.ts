import {
  clipNormalisation,
  imageNetNormalisation,
  loadFrames,
  normalisePixels,
  readFrames,
  type Annotation,
  type NdArray,
  type Normalisation,
} from '@reelbert/data';

import type { ImagesConfig } from '../config/data-config.js';
import { Interrupted } from '../exit-status.js';
import type { Quarantine } from '../stages/quarantine.js';
import type { StageOptions } from '../stages/stage-options.js';
import { emptyFrames, type ChooseFrames, type FrameSource } from './frame-source.js';

/** How frames become pixels of a tower's size. */
export type PixelOptions = ImagesConfig & { readonly imageSize: number };

/** Decoded frames that are kept, in bytes; of clips beyond, frames are decoded each time. */
const cacheBytes = 2 ** 30;
const readAhead = 8;

/**
 * Goes over all clips' frames: decodes them, keeps them as bytes, and puts clips that can't be read into the
 * quarantine.
 */
export async function loadPixels(
  folder: string,
  clips: readonly Annotation[],
  options: PixelOptions,
  quarantine: Quarantine,
  { reporter, signal }: Pick<StageOptions, 'reporter' | 'signal'>,
): Promise<FrameSource> {
  const frames = new PixelFrames(folder, options);
  const bar = reporter.progress('reading frames', clips.length, 'clips');
  let next = 0;
  let done = 0;
  const worker = async () => {
    for (let clip = clips[next++]; clip; clip = clips[next++]) {
      if (signal?.aborted) throw new Interrupted('reading frames', done, 'clip');
      await frames.load(clip.id).catch((error: unknown) => quarantine.addFrameError(clip.id, error));
      bar.update(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: readAhead }, worker));
  } finally {
    bar.stop();
  }
  return frames;
}

/** Mean and deviation of the colours. */
export function normalisationOf({ normalisation }: ImagesConfig): Normalisation {
  return normalisation === 'clip' ? clipNormalisation : imageNetNormalisation;
}

class PixelFrames implements FrameSource {
  readonly frameShape: readonly number[];
  readonly #cached = new Map<string, Uint8Array>();
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  constructor(
    readonly folder: string,
    readonly options: PixelOptions,
  ) {
    this.frameShape = [options.imageSize, options.imageSize, 3];
  }

  async load(id: string): Promise<void> {
    if (this.#bytes >= cacheBytes) {
      this.#counts.set(id, (await readFrames(this.folder, id)).length);
      return;
    }
    const { count, data } = await this.#decode(id);
    this.#counts.set(id, count);
    this.#cached.set(id, data);
    this.#bytes += data.length;
  }

  has(id: string): boolean {
    return this.#counts.has(id);
  }

  async read(id: string, choose: ChooseFrames): Promise<NdArray> {
    const count = this.#counts.get(id);
    if (count === undefined) return emptyFrames(this.frameShape);
    const chosen = choose(count);
    const size = this.frameShape.reduce((product, extent) => product * extent, 1);
    const cached = this.#cached.get(id);
    let pixels = new Uint8Array(chosen.length * size);
    if (cached)
      chosen.forEach((frame, i) => pixels.set(cached.subarray(frame * size, (frame + 1) * size), i * size));
    else pixels = new Uint8Array((await this.#decode(id, chosen)).data);
    return {
      dtype: 'float32',
      shape: [chosen.length, ...this.frameShape],
      data: normalisePixels(pixels, normalisationOf(this.options)),
    };
  }

  #decode(id: string, indices?: readonly number[]) {
    const { imageSize, shortSide } = this.options;
    const size = shortSide ?? imageSize;
    return loadFrames(this.folder, id, { size, crop: imageSize, ...(indices && { indices: () => indices }) });
  }
}
