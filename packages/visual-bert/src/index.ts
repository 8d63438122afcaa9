export { VisualBertForClassification, type ClassifierOptions } from './classifier.js';
export {
  referencePreset,
  visualBertConfigSchema,
  type VisualBertConfig,
  type VisualBertConfigInput,
} from './config.js';
export { VisualBert, type EncodedVideo, type FrameInput, type PackedInput, type TextInput } from './model.js';
export { VisualBertForPretraining, type PretrainingObjectiveSwitches } from './pretraining-model.js';
