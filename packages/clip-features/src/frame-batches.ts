import type { NdArray } from '@reelbert/data';

/** A video's frames, `[n, S, S, 3]` float32. */
export interface VideoFrames {
  readonly id: string;
  readonly frames: NdArray;
}

/** The video that a row of a batch belongs to. */
export interface FrameOwner {
  readonly id: string;
  /** How many frames of the video are encoded in all. */
  readonly frames: number;
}

/** Frames of several videos, in order; a video may begin in one batch and end in a later one. */
export interface FrameBatch {
  /** `[rows, S, S, 3]` float32; rows beyond `owners` are zero. */
  readonly pixels: NdArray;
  readonly owners: readonly FrameOwner[];
}

/**
 * Packs videos' frames into batches of one size, so that one recorded graph encodes them all; only the last batch
 * is filled up. Of each video the first `maxFrames` are taken.
 */
export async function* frameBatches(
  videos: AsyncIterable<VideoFrames>,
  rows: number,
  maxFrames: number,
): AsyncGenerator<FrameBatch> {
  let shape: readonly number[] = [];
  let pixels = new Float32Array(0);
  let owners: FrameOwner[] = [];
  const batch = (): FrameBatch => ({ pixels: { dtype: 'float32', shape, data: pixels }, owners });
  for await (const video of videos) {
    const [count, ...frameShape] = video.frames.shape as [number, ...number[]];
    const size = frameShape.reduce((product, extent) => product * extent, 1);
    if (shape.length === 0) shape = [rows, ...frameShape];
    if (shape.slice(1).join() !== frameShape.join()) {
      throw new Error(
        `'${video.id}' has frames of [${frameShape.join(', ')}], not [${shape.slice(1).join(', ')}]`,
      );
    }
    const frames = Math.min(count, maxFrames);
    for (let frame = 0; frame < frames; frame++) {
      if (owners.length === 0) pixels = new Float32Array(rows * size);
      const values = (video.frames.data as Float32Array).subarray(frame * size, (frame + 1) * size);
      pixels.set(values, owners.length * size);
      owners.push({ id: video.id, frames });
      if (owners.length < rows) continue;
      yield batch();
      owners = [];
    }
  }
  if (owners.length > 0) yield batch();
}
