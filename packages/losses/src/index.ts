export {
  classificationFields,
  classificationObjective,
  smoothingFits,
  type ClassificationChoice,
} from './classification-objective.js';
export { classificationLoss, type ClassificationOptions } from './classification.js';
export { contrastiveLosses, type ContrastiveLosses, type ContrastiveOptions } from './contrastive.js';
export { diceLoss, type DiceOptions } from './dice.js';
export { focalLoss, type FocalOptions } from './focal.js';
export { l2Normalise } from './l2-normalise.js';
export { maskedFrameLoss, type MaskedFrameInputs, type MaskedFrameOptions } from './masked-frame.js';
export { maskedLanguageLoss } from './masked-language.js';
export { matchingLoss } from './matching.js';
export { softF1Loss, type SoftF1Options } from './soft-f1.js';
export { weightedMean } from './weighted-mean.js';
