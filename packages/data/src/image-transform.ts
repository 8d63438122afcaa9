import { centreCut, type RgbImage } from './crop.js';
import { resizeBilinear } from './pil-resize.js';

/** The short side to `size`, the long side in proportion, truncated (torchvision's Resize, Pillow's bilinear). */
export function resizeShortSide(image: RgbImage, size: number): RgbImage {
  return resizeBilinear(image, ...resizedTo(image, size));
}

/** The middle `crop` x `crop` pixels of that; the others aren't computed. Throws if `crop` is above `size`. */
export function resizeToCentre(image: RgbImage, size: number, crop: number): RgbImage {
  const [width, height] = resizedTo(image, size);
  return resizeBilinear(image, width, height, centreCut(width, height, crop));
}

/** What an image becomes when its short side does. */
export function resizedTo(
  { width, height }: Pick<RgbImage, 'width' | 'height'>,
  size: number,
): [width: number, height: number] {
  return width <= height
    ? [size, Math.trunc((size * height) / width)]
    : [Math.trunc((size * width) / height), size];
}
