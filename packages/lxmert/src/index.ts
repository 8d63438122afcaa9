export { LxmertForClassification, type ClassifierOptions } from './classifier.js';
export { lxmertConfigSchema, referencePreset, type LxmertConfig, type LxmertConfigInput } from './config.js';
export { LxmertCrossLayer, type CrossLayerConfig, type Stream } from './cross-layer.js';
export { Lxmert, type EncodedStream, type EncodedVideo, type FrameInput, type TextInput } from './model.js';
export { LxmertForPretraining } from './pretraining-model.js';
