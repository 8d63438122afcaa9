/** An 8-bit RGB image, `[height, width, 3]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A part of an image, in pixels. */
export interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The middle `size` x `size` pixels; an offset that ends in a half is rounded to even, as torchvision's. */
export function centreCrop(image: RgbImage, size: number): RgbImage {
  return cutImage(image, centreCut(image.width, image.height, size));
}

/** `size` x `size` pixels from a row and a column on. Throws if the image is smaller. */
export function cropAt(image: RgbImage, size: number, top: number, left: number): RgbImage {
  return cutImage(image, { left, top, width: size, height: size });
}

/** Where the middle `size` x `size` pixels of an image lie. */
export function centreCut(width: number, height: number, size: number): Cut {
  const left = roundHalfEven((width - size) / 2);
  return { left, top: roundHalfEven((height - size) / 2), width: size, height: size };
}

/** The pixels of a cut. Throws a `RangeError` if it reaches outside. */
export function cutImage(image: RgbImage, cut: Cut): RgbImage {
  checkCut(cut, image.width, image.height);
  const out = new Uint8Array(cut.width * cut.height * 3);
  for (let y = 0; y < cut.height; y++) {
    const from = ((cut.top + y) * image.width + cut.left) * 3;
    out.set(image.data.subarray(from, from + cut.width * 3), y * cut.width * 3);
  }
  return { width: cut.width, height: cut.height, data: out };
}

/** Throws a `RangeError` if a cut reaches outside an image of `width` x `height` pixels. */
export function checkCut(cut: Cut, width: number, height: number): void {
  const { left, top } = cut;
  if (left >= 0 && top >= 0 && left + cut.width <= width && top + cut.height <= height) return;
  const place = width < cut.width || height < cut.height ? '' : ` at row ${top}, column ${left}`;
  throw new RangeError(
    `a crop of ${cut.width} x ${cut.height}${place} needs an image as large, found ${width} x ${height}`,
  );
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
