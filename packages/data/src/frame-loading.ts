import type { RgbImage } from './crop.js';
import { FrameError, frameArchivePath, readChosenFrames, type EncodedFrame } from './frame-archive.js';
import { decodeImage, decodeShrunk } from './image-decode.js';
import { resizeShortSide, resizeToCentre } from './image-transform.js';

export interface LoadImagesOptions {
  /** The short side before cropping. */
  readonly size: number;
  /** Height and width of the middle that is kept; default: images are kept whole. */
  readonly crop?: number;
  /** Large JPEGs are read at a fraction: faster, other pixels than Pillow's (`decodeShrunk`). Default false. */
  readonly shrinkOnLoad?: boolean;
  /** Which frames, by number, or chosen by how many the video has; default: all. */
  readonly indices?: readonly number[] | ((count: number) => readonly number[]);
}

/** A video's frames as images. */
export interface VideoImages {
  /** How many frames the video has in all. */
  readonly count: number;
  readonly images: readonly RgbImage[];
}

/** How images of a video are come by: `loadImages` in this thread, or that of a `FramePool`. */
export type ImageLoader = (folder: string, id: string, options: LoadImagesOptions) => Promise<VideoImages>;

/** A video's frames as images, the short side resized, cropped if wanted. Throws `FrameError`, naming zip and image. */
export async function loadImages(
  folder: string,
  id: string,
  { size, crop, shrinkOnLoad = false, indices = allOf }: LoadImagesOptions,
): Promise<VideoImages> {
  const { count, frames } = await readChosenFrames(
    folder,
    id,
    typeof indices === 'function' ? indices : () => indices,
  );
  const decode = (frame: EncodedFrame) =>
    named(folder, id, frame, shrinkOnLoad ? decodeShrunk(frame.bytes, size) : decodeImage(frame.bytes));
  const images: RgbImage[] = [];
  // The next image is decoded, on a thread of sharp's, while this one is resized; no more are held in full size.
  let next = frames[0] && decode(frames[0]);
  for (let i = 0; next; i++) {
    const image = await next;
    next = frames[i + 1] && decode(frames[i + 1]!);
    next?.catch(() => undefined); // reported when its turn comes
    images.push(crop === undefined ? resizeShortSide(image, size) : resizeToCentre(image, size, crop));
  }
  return { count, images };
}

export interface LoadFramesOptions extends LoadImagesOptions {
  /** Height and width of the middle that is kept; default `size`. */
  readonly crop?: number;
}

export interface FramePixels {
  /** How many frames the video has in all. */
  readonly count: number;
  /** Height and width. */
  readonly size: number;
  /** `[frames, size, size, 3]` bytes, RGB. */
  readonly data: Uint8Array;
}

/**
 * A video's frames, resized and cropped to one size. Throws `FrameError`, naming the zip and the image.
 *
 * @param load where images are decoded; default: in this thread
 */
export async function loadFrames(
  folder: string,
  id: string,
  options: LoadFramesOptions,
  load: ImageLoader = loadImages,
): Promise<FramePixels> {
  const { crop = options.size } = options;
  const { count, images } = await load(folder, id, { ...options, crop });
  const data = new Uint8Array(images.length * crop * crop * 3);
  images.forEach((image, i) => data.set(image.data, i * crop * crop * 3));
  return { count, size: crop, data };
}

function allOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** What decoding a frame gives; a failure names zip and image. */
async function named(
  folder: string,
  id: string,
  frame: EncodedFrame,
  decoded: Promise<RgbImage>,
): Promise<RgbImage> {
  try {
    return await decoded;
  } catch (error) {
    throw new FrameError('broken-image', {
      file: frameArchivePath(folder, id),
      place: frame.name,
      found: (error as Error).message.split('\n')[0],
      expected: 'a whole image',
    });
  }
}
