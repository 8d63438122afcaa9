export { classificationLoss, type ClassificationOptions } from './classification.js';
export { contrastiveLosses, type ContrastiveLosses, type ContrastiveOptions } from './contrastive.js';
export { l2Normalise } from './l2-normalise.js';
export { maskedFrameLoss, type MaskedFrameInputs, type MaskedFrameOptions } from './masked-frame.js';
export { maskedLanguageLoss } from './masked-language.js';
export { matchingLoss } from './matching.js';
export { weightedMean } from './weighted-mean.js';
