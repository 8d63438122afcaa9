import type { StateStore } from '@reelbert/clip-features';
import type { NdArray } from '@reelbert/data';

import { emptyFrames, type ChooseFrames, type FrameSource } from './frame-source.js';

/** Frames as states after a tower's frozen lower layers, from a cache. */
export class CachedStates implements FrameSource {
  /** What the states of an all-zero image are stored under: they stand where a clip has too few frames. */
  static readonly fillerId = '';

  private constructor(
    private readonly store: StateStore,
    readonly frameShape: readonly number[],
    readonly filler: Float32Array,
  ) {}

  /** @param frameShape tokens and width of a frame's states */
  static async open(store: StateStore, frameShape: readonly number[]): Promise<CachedStates> {
    return new CachedStates(store, frameShape, await store.read(CachedStates.fillerId, [0]));
  }

  has(id: string): boolean {
    return this.store.has(id);
  }

  async read(id: string, choose: ChooseFrames): Promise<NdArray> {
    const video = this.store.video(id);
    if (!video) return emptyFrames(this.frameShape);
    const chosen = choose(video.count);
    return {
      dtype: 'float32',
      shape: [chosen.length, ...this.frameShape],
      data: await this.store.read(id, chosen),
    };
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
