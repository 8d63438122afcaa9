export { type ClipArchive, type ClipSource, type SampleDataProgress } from './clip-source.js';
export { makeEmbeddedSample, type EmbeddedSampleOptions } from './make-embedded-sample.js';
export { makeSampleData, type SampleDataOptions, type SampleDataResult } from './make-sample-data.js';
export {
  readManifest,
  type SampleDataCounts,
  type SampleDataManifest,
  type SampleDataSettings,
} from './manifest.js';
