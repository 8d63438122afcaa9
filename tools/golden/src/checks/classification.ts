import type { NdArrays } from '@reelbert/data';

import type { CheckContext } from '../check-context.js';
import type { TensorFile } from '../golden-set.js';
import { tolerances } from '../tolerance.js';

/** Scores, loss, predicted classes and accuracy of a classifier: `out.*` of a file. */
export function compareClassification(
  { report }: CheckContext,
  family: string,
  file: TensorFile,
  found: NdArrays,
  batch: NdArrays,
  lossInTable: number | undefined,
): void {
  const logits = file.get('out.logits');
  report.compare(
    family,
    'scores',
    tolerances.outputs,
    logits ? [{ name: 'logits', found: found.logits!, wanted: logits }] : [],
  );
  const loss = file.get('out.loss')?.data[0];
  const value = found.loss!.data[0]!;
  report.numbers(family, 'loss', tolerances.losses, [
    ...(loss === undefined ? [] : [['loss', value, loss] as const]),
    ...(lossInTable === undefined ? [] : [['loss (table)', value, lossInTable] as const]),
  ]);
  const classes = file.get('out.argmax');
  if (classes) {
    report.compare(family, 'predicted classes', tolerances.exact, [
      { name: 'argmax', found: found.argmax!, wanted: classes },
    ]);
  }
  const accuracy = file.get('out.accuracy')?.data[0];
  const labels = batch.labels!.data;
  const right = found.argmax!.data.filter((predicted, row) => predicted === labels[row]).length;
  report.numbers(
    family,
    'accuracy',
    tolerances.outputs,
    accuracy === undefined ? [] : [['accuracy', right / labels.length, accuracy]],
  );
}
