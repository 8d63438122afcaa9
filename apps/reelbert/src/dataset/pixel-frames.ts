import {
  clipNormalisation,
  centreCrop,
  drawViews,
  FramePool,
  imageNetNormalisation,
  normalisePixels,
  readFrames,
  viewImage,
  type Annotation,
  type Augmentation,
  type NdArray,
  type Normalisation,
  type Random,
  type RgbImage,
} from '@reelbert/data';

import type { ImagesConfig } from '../config/data-config.js';
import { Interrupted } from '../exit-status.js';
import type { Quarantine } from '../stages/quarantine.js';
import type { StageOptions } from '../stages/stage-options.js';
import { emptyFrames, type ChooseFrames, type FrameSource } from './frame-source.js';

/** How frames become pixels of a tower's size. */
export type PixelOptions = ImagesConfig & {
  readonly imageSize: number;
  /** How frames are varied where they are read for training. */
  readonly augment?: Augmentation;
};

/** Decoded frames that are kept, in bytes; of clips beyond, frames are decoded each time. */
const cacheBytes = 2 ** 30;

/**
 * Goes over all clips' frames: decodes them, keeps them as bytes, and puts clips that can't be read into the
 * quarantine.
 */
export async function loadPixels(
  folder: string,
  clips: readonly Annotation[],
  options: PixelOptions,
  quarantine: Quarantine,
  { reporter, signal, threads }: Pick<StageOptions, 'reporter' | 'signal' | 'threads'>,
): Promise<FrameSource> {
  const pool = new FramePool(threads);
  const frames = new PixelFrames(folder, options, pool);
  const bar = reporter.progress('reading frames', clips.length, 'clips');
  let next = 0;
  let done = 0;
  const reader = async () => {
    for (let clip = clips[next++]; clip; clip = clips[next++]) {
      if (signal?.aborted) throw new Interrupted('reading frames', done, 'clip');
      await frames.load(clip.id).catch((error: unknown) => quarantine.addFrameError(clip.id, error));
      bar.update(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: 2 * pool.threads }, reader));
  } catch (error) {
    await pool.close();
    throw error;
  } finally {
    bar.stop();
  }
  if (frames.allKept) await pool.close();
  return frames;
}

/** Mean and deviation of the colours. */
export function normalisationOf({ normalisation }: ImagesConfig): Normalisation {
  return normalisation === 'clip' ? clipNormalisation : imageNetNormalisation;
}

class PixelFrames implements FrameSource {
  readonly frameShape: readonly number[];
  readonly #cached = new Map<string, readonly RgbImage[]>();
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  constructor(
    readonly folder: string,
    readonly options: PixelOptions,
    readonly pool: FramePool,
  ) {
    this.frameShape = [options.imageSize, options.imageSize, 3];
  }

  /** Whether nothing will have to be decoded again. */
  get allKept(): boolean {
    return this.#cached.size === this.#counts.size;
  }

  async load(id: string): Promise<void> {
    if (this.#bytes >= cacheBytes) {
      this.#counts.set(id, (await readFrames(this.folder, id)).length);
      return;
    }
    const { count, images } = await this.#decode(id);
    this.#counts.set(id, count);
    this.#cached.set(id, images);
    for (const { data } of images) this.#bytes += data.length;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  has(id: string): boolean {
    return this.#counts.has(id);
  }

  async read(id: string, choose: ChooseFrames, random?: Random): Promise<NdArray> {
    const count = this.#counts.get(id);
    if (count === undefined) return emptyFrames(this.frameShape);
    const chosen = choose(count);
    const cached = this.#cached.get(id);
    const images = cached ? chosen.map((frame) => cached[frame]!) : (await this.#decode(id, chosen)).images;
    const { augment, imageSize } = this.options;
    const views = augment && random && drawViews(images.length, augment, random);
    const size = imageSize * imageSize * 3;
    const pixels = new Uint8Array(images.length * size);
    images.forEach((image, i) => {
      const shown = views ? viewImage(image, imageSize, views[i]!) : centreCrop(image, imageSize);
      pixels.set(shown.data, i * size);
    });
    return {
      dtype: 'float32',
      shape: [images.length, ...this.frameShape],
      data: normalisePixels(pixels, normalisationOf(this.options)),
    };
  }

  // What random crops may choose from is kept whole, otherwise the middle is.
  #decode(id: string, indices?: readonly number[]) {
    const { imageSize, shortSide, shrinkOnLoad, augment } = this.options;
    return this.pool.loadImages(this.folder, id, {
      size: shortSide ?? imageSize,
      shrinkOnLoad,
      ...(!augment?.crop && { crop: imageSize }),
      ...(indices && { indices }),
    });
  }
}
