import type { NdArray } from '@reelbert/data';

/** A video's frames, or why there are none. */
export type LoadedVideo =
  { readonly id: string; readonly frames: NdArray } | { readonly id: string; readonly problem: string };

/** The video that a row of a batch belongs to. */
export interface FrameOwner {
  readonly id: string;
  /** How many frames of the video are encoded in all. */
  readonly frames: number;
}

/** Frames of several videos, in order; a video may begin in one batch and end in the next. */
export interface FrameBatch {
  /** [rows, S, S, 3] float32; rows beyond `owners` are zero. */
  readonly pixels: NdArray;
  readonly owners: readonly FrameOwner[];
}

/**
 * Packs videos' frames into batches of one size, so that one recorded graph encodes them all; only the last batch
 * is filled up. Videos that could not be loaded go to `onProblem`.
 */
export async function* frameBatches(
  videos: AsyncIterable<LoadedVideo>,
  rows: number,
  maxFrames: number,
  onProblem: (id: string, problem: string) => void,
): AsyncGenerator<FrameBatch> {
  let frameShape: readonly number[] | undefined;
  let pixels = new Float32Array(0);
  let owners: FrameOwner[] = [];
  const batch = (): FrameBatch => ({
    pixels: { dtype: 'float32', shape: [rows, ...frameShape!], data: pixels },
    owners,
  });
  for await (const video of videos) {
    if ('problem' in video) {
      onProblem(video.id, video.problem);
      continue;
    }
    const { shape, data } = video.frames;
    frameShape ??= shape.slice(1);
    const problem = frameProblem(shape, frameShape);
    if (problem) {
      onProblem(video.id, problem);
      continue;
    }
    const size = frameShape.reduce((product, extent) => product * extent, 1);
    const frames = Math.min(shape[0]!, maxFrames);
    for (let frame = 0; frame < frames; frame++) {
      if (owners.length === 0) pixels = new Float32Array(rows * size);
      pixels.set((data as Float32Array).subarray(frame * size, (frame + 1) * size), owners.length * size);
      owners.push({ id: video.id, frames });
      if (owners.length === rows) {
        yield batch();
        owners = [];
      }
    }
  }
  if (owners.length > 0) yield batch();
}

function frameProblem(shape: readonly number[], frameShape: readonly number[]): string | undefined {
  if (shape[0] === 0) return 'no frames';
  if (shape.slice(1).join() === frameShape.join()) return undefined;
  return `frames are [${shape.slice(1).join(', ')}], those before [${frameShape.join(', ')}]`;
}
