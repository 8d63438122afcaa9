export { startBackend, type BackendName, type BackendOptions, type BackendReport } from './backend.js';
export { dropout } from './ops/dropout.js';
export { gatherRows } from './ops/gather-rows.js';
export { gelu } from './ops/gelu.js';
export { layerNorm } from './ops/layer-norm.js';
export { KeyStream, randomNormal, randomUniform } from './ops/random.js';
export { sparseSoftmaxCrossEntropy } from './ops/sparse-softmax-cross-entropy.js';
