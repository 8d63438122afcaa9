export { argmax, combine, type CombineOptions } from './combine.js';
export { classGains, disagreement, type ClassGain } from './comparison.js';
export { alignPredictions, type Predictions } from './predictions.js';
export {
  formatSubmission,
  parseSubmission,
  readSubmission,
  writeSubmission,
  type SubmissionRow,
} from './submission.js';
export { searchWeights, type SearchOptions, type SearchResult } from './weight-search.js';
