export { averageLogits } from './average.js';
export { argmax, combine, type CombineOptions } from './combine.js';
export { classGains, disagreement, errorCorrelation, type ClassGain, type ClassGains } from './comparison.js';
export { classGainTable, formatColumns, pairTable, type TextTable } from './comparison-text.js';
export { crossFit, type Combiner, type FitCombiner, type LabelledMembers } from './cross-fit.js';
export { alignPredictions, type Predictions } from './predictions.js';
export { fitStacking, stack, stackingCombiner, type Stacking, type StackingOptions } from './stacking.js';
export {
  formatSubmission,
  parseSubmission,
  readSubmission,
  writeSubmission,
  type SubmissionRow,
} from './submission.js';
export { searchCombiner, searchWeights, type SearchOptions, type SearchResult } from './weight-search.js';
