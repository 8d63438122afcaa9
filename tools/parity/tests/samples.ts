import { Random, type NdArray } from '@reelbert/data';

export const special = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };
export const sizes = { vocabulary: 40, text: 10, frames: 3, frameDim: 16, imageSize: 8, classes: 5 };

export interface Sample {
  readonly textIds: readonly number[];
  readonly titleIds: readonly number[];
  readonly bodyIds: readonly number[];
  /** `[n, frameDim]` */
  readonly features: NdArray;
  /** `[n, imageSize, imageSize, 3]` */
  readonly pixels: NdArray;
  readonly label: number;
}

/** The samples of batch `index`: texts and numbers of frames of various lengths, some without any frame. */
export function samples(rows: number, index: number): Sample[] {
  const random = new Random('samples', index);
  const text = () => {
    const words = Array.from(
      { length: 3 + random.integer(sizes.text - 4) },
      () => 5 + random.integer(sizes.vocabulary - 5),
    );
    return [special.cls, ...words, special.sep];
  };
  const normal = (...shape: number[]): NdArray => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return { dtype: 'float32', shape, data: Float32Array.from({ length: size }, () => random.normal()) };
  };
  return Array.from({ length: rows }, (_, row) => {
    const count = row === 0 ? sizes.frames : random.integer(sizes.frames + 1);
    return {
      textIds: text(),
      titleIds: text(),
      bodyIds: text(),
      features: normal(count, sizes.frameDim),
      pixels: normal(count, sizes.imageSize, sizes.imageSize, 3),
      label: random.integer(sizes.classes),
    };
  });
}
