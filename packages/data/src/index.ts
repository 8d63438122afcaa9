export { InputError, type InputErrorDetails } from './input-error.js';
export type { DType, NdArray, NdArrays } from './nd-array.js';
export { makeKey, Random } from './random.js';
export type { SpecialIds } from './special-ids.js';
export { drawViews, viewImage, type Augmentation, type View } from './augmentation.js';
export { assembleClassificationBatch } from './classification-batch.js';
export type { ClassificationBatchOptions, ClassificationSample } from './classification-batch.js';
export { assembleContrastiveBatch } from './contrastive-batch.js';
export type { ContrastiveBatchOptions, ContrastiveSample } from './contrastive-batch.js';
export { readFold, readIndexFile } from './fold-files.js';
export { randomFrames, uniformFrames } from './frame-sampling.js';
export { chooseMasking, defaultProbabilities, matchingPermutation, rowParts } from './masking.js';
export type {
  CountStatistics,
  PretrainingChoices,
  PretrainingObjectives,
  PretrainingOptions,
  PretrainingSample,
  RowParts,
} from './masking.js';
export { bucketedBatches } from './length-buckets.js';
export { classScores, meanF1, type ClassScore, type MeanF1 } from './mean-f1.js';
export { assembleMaskedLanguageBatch } from './masked-language-batch.js';
export { packSequences, type Packing } from './packing.js';
export { assemblePretrainingBatch, type PretrainingBatch } from './pretraining-batch.js';
export { pretrainingCapacity, type PretrainingCapacity } from './pretraining-capacity.js';
export { batchCount, batchesOf, epochOrder, epochSize, type EpochOptions } from './sampler.js';
export { checkFold, fullDataFold, stratifiedFolds, type Fold } from './splits.js';
export { categoriesFrom, loadCategories, referenceCategories, type CategoryTable } from './categories.js';
export { decodeFloat16, encodeFloat16 } from './float16.js';
export { readSafetensors, readSafetensorsHeader, writeSafetensors, type FloatType } from './safetensors.js';
export type { SafetensorsEntry, SafetensorsHeader } from './safetensors-header.js';
export { AnnotationError, loadAnnotations } from './annotations.js';
export type { Annotation, AnnotationOptions, AnnotationProblem } from './annotations.js';
export {
  countFrames,
  FrameError,
  frameArchivePath,
  readChosenFrames,
  readFrames,
  type EncodedFrame,
  type FrameProblem,
} from './frame-archive.js';
export { centreCrop, cropAt, type Cut, type RgbImage } from './crop.js';
export {
  loadFrames,
  loadImages,
  type FramePixels,
  type ImageLoader,
  type LoadFramesOptions,
  type LoadImagesOptions,
  type VideoImages,
} from './frame-loading.js';
export { FramePool } from './frame-pool.js';
export { decodeImage, decodeShrunk } from './image-decode.js';
export { resizeShortSide, resizeToCentre } from './image-transform.js';
export {
  clipNormalisation,
  imageNetNormalisation,
  normalisePixels,
  type Normalisation,
} from './normalisation.js';
export { resizeBilinear } from './pil-resize.js';
export {
  checkDataset,
  countKinds,
  writeQuarantine,
  type CheckOptions,
  type DatasetCheck,
  type QuarantineEntry,
} from './quarantine.js';
export { FeatureArchiveReader } from './feature-archive.js';
export { FeatureArchiveWriter, maxStoredFrames } from './feature-archive-writer.js';
export { mergeFeatureArchives } from './feature-archive-merge.js';
export { decodeNpy, encodeNpy, readNpy, writeNpy, type NpyType } from './npy.js';
export type { FeatureArchiveOptions } from './feature-archive-writer.js';
