// What a worker thread of a `FramePool` runs: loads the images of one video after another.
import { parentPort } from 'node:worker_threads';

import sharp from 'sharp';

import { FrameError, type FrameProblem } from './frame-archive.js';
import { loadImages, type LoadImagesOptions, type VideoImages } from './frame-loading.js';
import type { InputErrorDetails } from './input-error.js';

/** A video to load, and how. */
export interface FrameRequest {
  readonly folder: string;
  readonly id: string;
  /** Frames by number. */
  readonly options: LoadImagesOptions & { readonly indices?: readonly number[] };
}

/** The images, or why there are none; a `FrameError` would lose its class between threads. */
export type FrameReply =
  | { readonly video: VideoImages }
  | { readonly problem: { readonly kind: FrameProblem; readonly details: InputErrorDetails } }
  | { readonly error: unknown };

sharp.concurrency(1); // the pool's threads are as many as shall work
sharp.cache(false); // no image comes twice

const port = parentPort!;
port.on('message', async (request: FrameRequest) => {
  const reply = await load(request);
  const images = 'video' in reply ? reply.video.images : [];
  port.postMessage(
    reply,
    images.map((image) => image.data.buffer as ArrayBuffer),
  );
});

async function load({ folder, id, options }: FrameRequest): Promise<FrameReply> {
  try {
    return { video: await loadImages(folder, id, options) };
  } catch (error) {
    if (!(error instanceof FrameError)) return { error };
    return { problem: { kind: error.kind, details: error.details } };
  }
}
