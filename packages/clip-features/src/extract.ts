import { FrameError, InputError, maxStoredFrames, type NdArray } from '@reelbert/data';

import { frameBatches, type FrameBatch, type VideoFrames } from './frame-batches.js';
import { mapAhead } from './map-ahead.js';

/** Where features go; `FeatureArchiveWriter` of `@reelbert/data` is one. */
export interface FeatureSink {
  /** features `[n, dim]`, row by row */
  add(id: string, features: Float32Array): Promise<void>;
  /** Whether a video's features are there already: it is passed over. */
  has?(id: string): boolean;
}

/** A video that has no features, and why. */
export interface QuarantinedVideo {
  readonly id: string;
  /** A `FrameProblem`, `broken-video` or `not-finite`. */
  readonly kind: string;
  readonly message: string;
}

export interface ExtractionProgress {
  /** Videos dealt with: in the sink (before, or now) or in quarantine. */
  readonly done: number;
  readonly total: number;
  readonly quarantined: number;
  /** Frames encoded now. */
  readonly frames: number;
}

export interface ExtractionOptions {
  readonly ids: readonly string[];
  /** A video's frames, `[n, S, S, 3]` float32, transformed as the tower wants them; rejects with an `InputError` if it can't. */
  readonly load: (id: string) => Promise<NdArray>;
  /** pixels `[batchSize, S, S, 3]` -> features `[batchSize, dim]` */
  readonly encode: (pixels: NdArray) => Promise<NdArray>;
  readonly sink: FeatureSink;
  /** Frames encoded at a time, whichever videos they belong to. Default 32. */
  readonly batchSize?: number;
  /** Frames of a video beyond so many are left out; in float16 32 (the default) at most, in float32 by default none. */
  readonly maxFrames?: number;
  /** What features must fit into: float16 (the default), as an archive holds them, or float32. */
  readonly precision?: 'float16' | 'float32';
  /** Videos that may be read while earlier ones are encoded. Default 8. */
  readonly readAhead?: number;
  readonly onProgress?: (progress: ExtractionProgress) => void;
  /** Ends the extraction early, with a report of what was done. */
  readonly signal?: AbortSignal;
}

export interface ExtractionReport extends ExtractionProgress {
  readonly quarantine: readonly QuarantinedVideo[];
  /** True if `signal` ended it before all was done. */
  readonly interrupted: boolean;
}

/**
 * Computes the features of videos' frames and hands each video's to the sink, in the order of `ids`. Frames of
 * several videos share a batch of fixed size; reading, encoding and writing overlap. A video that can't be read, has no
 * frame or no finite features goes to quarantine; any other error ends the extraction.
 */
export async function extractFeatures(options: ExtractionOptions): Promise<ExtractionReport> {
  const { load, encode, sink, batchSize = 32, readAhead = 8, onProgress, signal } = options;
  const { precision = 'float16' } = options;
  const [fits, most] = precision === 'float16' ? [fitsFloat16, maxStoredFrames] : [Number.isFinite, Infinity];
  const maxFrames = Math.min(options.maxFrames ?? most, most);
  const quarantine: QuarantinedVideo[] = [];
  const ids = [...new Set(options.ids)];
  const missing = ids.filter((id) => !sink.has?.(id));
  let inSink = ids.length - missing.length;
  let frames = 0;
  const progress = (): ExtractionProgress => ({
    done: inSink + quarantine.length,
    total: ids.length,
    quarantined: quarantine.length,
    frames,
  });
  const refuse = (video: QuarantinedVideo): void => {
    quarantine.push(video);
    onProgress?.(progress());
  };

  const loaded = mapAhead(untilAborted(missing, signal), (id) => loadVideo(id, load), readAhead);
  const batches = frameBatches(withoutBroken(loaded, refuse), batchSize, maxFrames);
  const encoded = mapAhead(batches, async (batch) => ({ batch, features: await encode(batch.pixels) }), 1);
  for await (const { id, features } of joinFrames(encoded)) {
    if (!features.data.every(fits)) {
      refuse({ id, kind: 'not-finite', message: `'${id}' has features that ${precision} can't hold` });
      continue;
    }
    await sink.add(id, features.data as Float32Array);
    inSink++;
    frames += features.shape[0]!;
    onProgress?.(progress());
  }
  return { ...progress(), quarantine, interrupted: progress().done < ids.length };
}

async function loadVideo(
  id: string,
  load: ExtractionOptions['load'],
): Promise<VideoFrames | QuarantinedVideo> {
  try {
    const frames = await load(id);
    return frames.shape[0] === 0
      ? { id, kind: 'no-frames', message: `'${id}' has no frames` }
      : { id, frames };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id, kind: error instanceof FrameError ? error.kind : 'broken-video', message: error.message };
  }
}

async function* withoutBroken(
  loaded: AsyncIterable<VideoFrames | QuarantinedVideo>,
  refuse: (video: QuarantinedVideo) => void,
): AsyncGenerator<VideoFrames> {
  for await (const video of loaded) {
    if ('kind' in video) refuse(video);
    else yield video;
  }
}

function* untilAborted<T>(items: Iterable<T>, signal?: AbortSignal): Generator<T> {
  for (const item of items) {
    if (signal?.aborted) return;
    yield item;
  }
}

function fitsFloat16(value: number): boolean {
  return Math.abs(value) < 65520; // rounds to at most 65504; false for NaN
}

interface EncodedBatch {
  readonly batch: FrameBatch;
  readonly features: NdArray; // [rows, dim]
}

/** A video's features, put together from the batches that its frames were in. */
async function* joinFrames(
  encoded: AsyncIterable<EncodedBatch>,
): AsyncGenerator<{ id: string; features: NdArray }> {
  let rows: Float32Array[] = [];
  for await (const { batch, features } of encoded) {
    const [count, dim] = features.shape as [number, number];
    if (count !== batch.pixels.shape[0] || features.shape.length !== 2) {
      throw new Error(
        `encode must return [${batch.pixels.shape[0]}, dim], not [${features.shape.join(', ')}]`,
      );
    }
    for (const [row, owner] of batch.owners.entries()) {
      rows.push((features.data as Float32Array).subarray(row * dim, (row + 1) * dim));
      if (rows.length < owner.frames) continue;
      const data = new Float32Array(rows.length * dim);
      rows.forEach((values, frame) => data.set(values, frame * dim));
      yield { id: owner.id, features: { dtype: 'float32', shape: [rows.length, dim], data } };
      rows = [];
    }
  }
}
