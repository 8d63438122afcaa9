// The image transform: short side resized as Pillow does, centre crop, normalisation.
import {
  centreCrop,
  imageNetNormalisation,
  normalisePixels,
  resizeShortSide,
  type NdArray,
  type RgbImage,
} from '@reelbert/data';

import type { Check } from '../check-context.js';
import type { Values } from '../report.js';
import { tolerances } from '../tolerance.js';

const family = 'image transform';

export const checkPreprocess: Check = ({ set, report }) => {
  const file = set.file('preprocess');
  const images = Object.entries(file.group('')).flatMap(([name, tensor]) =>
    name.endsWith('.image') ? [[name.slice(0, -'.image'.length), tensor] as const] : [],
  );
  if (images.length === 0) return report.missing(family, 'images', 'preprocess');
  for (const [name, tensor] of images) {
    const [resized, normalised] = [file.get(`${name}.resized`), file.get(`${name}.tensor`)];
    if (!resized) {
      report.missing(family, `${name}: resized`);
      continue;
    }
    const ours = resizeShortSide(imageOf(tensor), Math.min(resized.shape[0]!, resized.shape[1]!));
    const found = { data: ours.data, shape: [ours.height, ours.width, 3] };
    report.compare(family, `${name}: resized, in grey levels`, tolerances.greyLevel, [
      { name, found, wanted: resized },
    ]);
    if (!normalised) {
      report.missing(family, `${name}: cropped and normalised`);
      continue;
    }
    const transformed = cropped(imageOf(resized), normalised);
    report.compare(family, `${name}: cropped and normalised`, tolerances.outputs, [
      { name, found: transformed, wanted: normalised },
    ]);
    report.compare(family, `${name}: all of it, in grey levels`, tolerances.greyLevel, [
      { name, found: inGreyLevels(cropped(ours, normalised)), wanted: inGreyLevels(normalised) },
    ]);
  }
};

function imageOf({ shape, data }: NdArray): RgbImage {
  return { height: shape[0]!, width: shape[1]!, data: Uint8Array.from(data) };
}

// -> [3, size, size]
function cropped(image: RgbImage, wanted: NdArray): Values {
  const size = wanted.shape[1]!;
  const pixels = normalisePixels(centreCrop(image, size).data, imageNetNormalisation);
  const area = size * size;
  const data = Float32Array.from(pixels, (_, at) => pixels[(at % area) * 3 + Math.floor(at / area)]!);
  return { data, shape: [3, size, size] };
}

function inGreyLevels({ data, shape }: Values): Values {
  const area = data.length / 3;
  const deviation = (at: number) => imageNetNormalisation.std[Math.floor(at / area)]!;
  const scaled = Float64Array.from(data, (value, at) => value * 255 * deviation(at));
  return { data: scaled, ...(shape && { shape }) };
}
