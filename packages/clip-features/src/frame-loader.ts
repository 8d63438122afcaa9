import {
  loadFrames,
  maxStoredFrames,
  normalisePixels,
  type ImageLoader,
  type NdArray,
  type Normalisation,
} from '@reelbert/data';

export interface FrameLoaderOptions {
  /** Short side before cropping. */
  readonly size: number;
  /** Height and width of the crop: the tower's `imageSize`. */
  readonly crop: number;
  readonly normalisation: Normalisation;
  /** Large JPEGs are read at a fraction: faster, other pixels than Pillow's. Default false. */
  readonly shrinkOnLoad?: boolean;
  /** Frames of a video beyond so many aren't decoded. Default 32. */
  readonly maxFrames?: number;
  /** Where images are decoded: the `loadImages` of a `FramePool`, or by default in this thread. */
  readonly loadImages?: ImageLoader;
}

/** Reads a video's first frames from its zip below `folder`: `[n, S, S, 3]` float32. Rejects with `FrameError`. */
export function frameLoader(folder: string, options: FrameLoaderOptions): (id: string) => Promise<NdArray> {
  const {
    size,
    crop,
    normalisation,
    shrinkOnLoad = false,
    maxFrames = maxStoredFrames,
    loadImages,
  } = options;
  const indices = (count: number): number[] =>
    Array.from({ length: Math.min(count, maxFrames) }, (_, i) => i);
  return async (id) => {
    const { data } = await loadFrames(folder, id, { size, crop, shrinkOnLoad, indices }, loadImages);
    return {
      dtype: 'float32',
      shape: [data.length / (crop * crop * 3), crop, crop, 3],
      data: normalisePixels(data, normalisation),
    };
  };
}
