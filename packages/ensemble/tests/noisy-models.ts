import { Random, type NdArray } from '@reelbert/data';

/** Rows of random classes, in folds by turns. */
export function randomRows(rows: number, classes: number, folds: number, seed: number) {
  const random = new Random('labels', seed);
  const labels = Int32Array.from({ length: rows }, () => random.integer(classes));
  return { labels, foldOf: Int32Array.from(labels, (_, row) => row % folds) };
}

/** Logits of noise, plus `skill` on the right class. */
export function noisyModel(
  labels: Int32Array,
  classes: number,
  skill: number | ((label: number) => number),
  ...seed: (string | number)[]
): NdArray {
  const random = new Random(...seed);
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    for (let c = 0; c < classes; c++) {
      const added = typeof skill === 'number' ? skill : skill(label);
      data[row * classes + c] = random.normal() + (c === label ? added : 0);
    }
  });
  return { dtype: 'float32', shape: [labels.length, classes], data };
}
