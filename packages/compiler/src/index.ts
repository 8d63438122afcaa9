export { after } from './after.js';
export { acceptBfloat16 } from './bfloat16.js';
export { createProgram, type Program, type ProgramFunction, type ProgramOptions } from './program.js';
export type { DType, HostTensor, HostTensors, Signature, TensorSpec } from './host-tensor.js';
export { applyAdam, type AdamTerms, type AdamUpdate, type StateVariable } from './state-variable.js';
export { sessionAddonProblem } from './session.js';
export { peakMemory, type NodeRecord, type PeakMemory } from './node-record.js';
