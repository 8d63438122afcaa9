import { cropAt, type RgbImage } from './crop.js';
import type { Random } from './random.js';

/** How frames are varied in training. */
export interface Augmentation {
  /** A place drawn at random is cut out instead of the middle. */
  readonly crop: boolean;
  /** Probability of exchanging left and right. */
  readonly flipHorizontally: number;
  /** Probability of exchanging top and bottom. */
  readonly flipVertically: number;
  /** Whether the frames of a video are varied alike, or each by itself. */
  readonly frames: 'together' | 'separately';
}

/** One way of looking at an image. */
export interface View {
  /** Where the cut begins, as parts of the room that there is, in [0, 1). */
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
  readonly upsideDown: boolean;
}

/** Draws a view for each of a video's frames; undefined where nothing is to be varied, and then nothing is drawn. */
export function drawViews(
  frames: number,
  augmentation: Augmentation,
  random: Random,
): readonly View[] | undefined {
  const { crop, flipHorizontally, flipVertically } = augmentation;
  if (!crop && flipHorizontally === 0 && flipVertically === 0) return undefined;
  const draw = (): View => ({
    top: random.uniform(),
    left: random.uniform(),
    mirrored: random.uniform() < flipHorizontally,
    upsideDown: random.uniform() < flipVertically,
  });
  const first = draw();
  return Array.from({ length: frames }, (_, frame) =>
    frame === 0 || augmentation.frames === 'together' ? first : draw(),
  );
}

/** The `size` x `size` pixels of an image that a view shows. */
export function viewImage(image: RgbImage, size: number, view: View): RgbImage {
  const top = Math.floor(view.top * (image.height - size + 1));
  const left = Math.floor(view.left * (image.width - size + 1));
  const cut = cropAt(image, size, top, left);
  return view.mirrored || view.upsideDown ? flip(cut, view) : cut;
}

function flip({ width, height, data }: RgbImage, { mirrored, upsideDown }: View): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const row = (upsideDown ? height - 1 - y : y) * width;
    for (let x = 0; x < width; x++) {
      const from = (row + (mirrored ? width - 1 - x : x)) * 3;
      out.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data: out };
}
