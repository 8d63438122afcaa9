export { bertConfigSchema, type BertConfig } from './bert-config.js';
export { BertEmbeddings, type BertEmbeddingsOptions } from './bert-embeddings.js';
export { BertModel, declarePooler } from './bert-model.js';
export { blockMask } from './block-mask.js';
export { additiveMask, attention } from './layers/attention.js';
export { BertEncoder, BertLayer, BertOutput, BertSelfAttention } from './layers/bert-layer.js';
export { Embedding } from './layers/embedding.js';
export { LayerNorm } from './layers/layer-norm.js';
export { Linear, type LinearOptions } from './layers/linear.js';
export { maskedMean, meanOverAll } from './mean-pooling.js';
export {
  ParameterStore,
  type Initializer,
  type InitializerWithRow,
  type Parameter,
  type ParameterSpec,
} from './parameter-store.js';
export { PredictionHead, type PredictionHeadOptions } from './prediction-head.js';
export { batchField, type Predictor, type Task, type TensorBatch } from './task.js';
