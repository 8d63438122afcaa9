import { randomFrames, Random, uniformFrames, type NdArray } from '@reelbert/data';

import type { FramesConfig } from '../config/data-config.js';

/** Chooses frames of a clip by their number, ascending. */
export type ChooseFrames = (count: number) => readonly number[];

/** Frames of clips as a model takes them. */
export interface FrameSource {
  /** Shape of one frame: [D] features, [tokens, hidden] states of a tower's lower layers, or [S, S, 3] pixels. */
  readonly frameShape: readonly number[];
  /** A frame that fills up clips with too few; zeros where absent. */
  readonly filler?: Float32Array;
  /** Whether there are frames of a clip. */
  has(id: string): boolean;
  /**
   * The chosen frames of a clip, [n, ...frameShape] float32; none where it has none. In training they may be varied,
   * by what is drawn from `random`.
   */
  read(id: string, choose: ChooseFrames, random?: Random): Promise<NdArray>;
  /** Ends the use of files. */
  close?(): Promise<void>;
}

/** No frames at all, for models of text alone. */
export function noFrames(frameShape: readonly number[]): FrameSource {
  return { frameShape, has: () => false, read: async () => emptyFrames(frameShape) };
}

/** An array of no frames. */
export function emptyFrames(frameShape: readonly number[]): NdArray {
  return { dtype: 'float32', shape: [0, ...frameShape], data: new Float32Array(0) };
}

/** A clip's frames for training: chosen at random or uniformly, in order of time. */
export function trainingFrames(
  source: FrameSource,
  id: string,
  { sampling, perClip }: FramesConfig,
  random: Random,
): Promise<NdArray> {
  const choose = (count: number) =>
    sampling === 'random' ? randomFrames(count, perClip, random) : uniformFrames(count, perClip);
  return source.read(id, choose, random);
}

/** A clip's frames for validation, drawn at random but always the same. */
export function randomValidationFrames(seed: number) {
  return (source: FrameSource, id: string, { perClip }: FramesConfig): Promise<NdArray> =>
    source.read(id, (count) => randomFrames(count, perClip, new Random(seed, 'validation', id)));
}

/** A clip's frames for evaluation and prediction: uniformly spaced. */
export function evaluationFrames(
  source: FrameSource,
  id: string,
  { perClip }: FramesConfig,
): Promise<NdArray> {
  return source.read(id, (count) => uniformFrames(count, perClip));
}
