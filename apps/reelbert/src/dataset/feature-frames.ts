import { FeatureArchiveReader, InputError, type NdArray } from '@reelbert/data';

import { emptyFrames, type ChooseFrames, type FrameSource } from './frame-source.js';

/** Features that are kept once they are read, in bytes. */
const cacheBytes = 2 ** 30;

/**
 * Opens an archive of frame features.
 *
 * @param expectedDim the width that a model takes, where that is known
 * @throws InputError if it is no such archive, is empty, or has features of another width
 */
export async function openFeatures(file: string, expectedDim?: number): Promise<FeatureFrames> {
  const reader = await FeatureArchiveReader.open(file);
  const [first] = reader.ids;
  if (first === undefined)
    throw new InputError({ file, found: 'no features', expected: 'features of clips' });
  const dim = (await reader.read(first)).shape[1]!;
  if (expectedDim !== undefined && dim !== expectedDim) {
    await reader.close();
    throw new InputError({
      file,
      found: `features of width ${dim}`,
      expected: `${expectedDim}, as the model takes`,
    });
  }
  return new FeatureFrames(reader, dim);
}

/** Frame features from an archive. */
export class FeatureFrames implements FrameSource {
  readonly frameShape: readonly number[];
  readonly #reader: FeatureArchiveReader;
  readonly #cached = new Map<string, NdArray>();
  #bytes = 0;

  constructor(reader: FeatureArchiveReader, dim: number) {
    this.#reader = reader;
    this.frameShape = [dim];
  }

  get file(): string {
    return this.#reader.file;
  }

  has(id: string): boolean {
    return this.#reader.has(id);
  }

  async read(id: string, choose: ChooseFrames): Promise<NdArray> {
    if (!this.has(id)) return emptyFrames(this.frameShape);
    const all = await this.#all(id);
    const dim = this.frameShape[0]!;
    const chosen = choose(all.shape[0]!);
    const data = new Float32Array(chosen.length * dim);
    chosen.forEach((frame, i) => data.set(all.data.subarray(frame * dim, (frame + 1) * dim), i * dim));
    return { dtype: 'float32', shape: [chosen.length, dim], data };
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #all(id: string): Promise<NdArray> {
    const cached = this.#cached.get(id);
    if (cached) return cached;
    const features = await this.#reader.read(id);
    if (this.#bytes < cacheBytes) {
      this.#cached.set(id, features);
      this.#bytes += features.data.byteLength;
    }
    return features;
  }
}
