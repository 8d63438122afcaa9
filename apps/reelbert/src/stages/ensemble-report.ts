import { score } from '../terminal/table.js';
import type { EnsembleOutcome } from './ensemble.js';

/** One line on how the weights came about; none for given weights. */
export function describeFit({ fit, names }: EnsembleOutcome): string[] {
  if (!fit) return [];
  const how = fit.stacking
    ? `a weight for each of ${names.length} models and ${fit.stacking.offsets.length} classes, strength ${fit.stacking.strength}`
    : `weights ${fit.weights!.map(rounded).join(',')}`;
  const crossFitted =
    fit.crossFittedMeanF1 === undefined
      ? ''
      : `, ${score(fit.crossFittedMeanF1)} cross-fitted over ${fit.folds} folds`;
  return [
    `ensemble: ${how}; mean F1 on ${fit.clips} labelled clips ${score(fit.fittedMeanF1)} as fitted${crossFitted}, ${score(fit.equalMeanF1)} with equal weights`,
  ];
}

/** Weights as a message shows them. */
export function rounded(weight: number): string {
  return String(Number(weight.toFixed(2)));
}

/** Everything about an ensemble but its predictions, as plain values. */
export function reportOf({ fit, ...outcome }: EnsembleOutcome): object {
  if (!fit) return outcome;
  const { clips, folds, fittedMeanF1, crossFittedMeanF1, equalMeanF1, stacking } = fit;
  return {
    ...outcome,
    fit: { clips, folds, fittedMeanF1, crossFittedMeanF1, equalMeanF1, ...(stacking && { stacking }) },
  };
}
