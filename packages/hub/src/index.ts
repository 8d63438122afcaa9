export { bertFiles, readBert, type BertModelFiles } from './bert-folder.js';
export { readBertSettings, type BertSettings } from './bert-settings.js';
export type { BertParts } from './bert-tensors.js';
export {
  clipVisionFiles,
  readClipVision,
  type ClipNames,
  type ClipVisionFiles,
} from './clip-vision-folder.js';
export type { ClipVisionSettings } from './clip-vision-settings.js';
export { openModelFolder, type ModelFolder } from './model-folder.js';
export type { JsonObject } from './json-file.js';
export { openWeights, type StoredTensor, type WeightFiles } from './weight-files.js';
export { refuseFilled, writeModelFolder, type ModelFiles } from './write-model-folder.js';
export {
  commitOf,
  downloadModel,
  type DownloadedModel,
  type DownloadProgress,
  type ModelRequest,
} from './download.js';
export { hubSettings, type HubSettings } from './hub-settings.js';
export { isCommit, isRepositoryId } from './repository-id.js';
