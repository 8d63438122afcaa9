export { clipVisionConfigSchema, clipVisionPresets, patchCount, type ClipVisionConfig } from './config.js';
export { contrastiveConfigSchema, referenceContrast, type ContrastiveConfig } from './contrastive-config.js';
export { ContrastiveModel } from './contrastive-model.js';
export {
  extractFeatures,
  type ExtractionOptions,
  type ExtractionProgress,
  type ExtractionReport,
  type FeatureSink,
  type QuarantinedVideo,
} from './extract.js';
export {
  extractToArchive,
  type ArchiveExtractionOptions,
  type ArchiveExtractionReport,
} from './extract-archive.js';
export { extractionBatchSize } from './extraction-batch-size.js';
export { frameFeatures, type FrameEncoding } from './frame-features.js';
export { frameLoader, type FrameLoaderOptions } from './frame-loader.js';
export { lowerTower } from './lower-tower.js';
export { shardOf, type Shard } from './shard.js';
export { StateStore, type StoredVideo } from './state-store.js';
export { VisionTower, type FrameEncoder, type VisionOutput } from './vision-tower.js';
