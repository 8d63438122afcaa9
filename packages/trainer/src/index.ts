export { accumulate, applyAccumulated, type AccumulationInputs } from './accumulation.js';
export type { Accumulators } from './accumulators.js';
export { adversarialGradients, perturb } from './adversarial.js';
export { improves } from './best-score.js';
export { averageKept, keepForAverage, withWeights } from './checkpoint-average.js';
export { checkpointFolders, readWeights, restoreCheckpoint, saveBest, saveCheckpoint } from './checkpoint.js';
export {
  trainingSchema,
  trainingSettings,
  type AdversarialSettings,
  type Cadence,
  type LayerDecaySettings,
  type OptimizerSettings,
  type ScheduleSettings,
  type TrainingSettings,
  type TrainingSettingsInput,
} from './config.js';
export { emaName, updateEma } from './ema.js';
export {
  evaluator,
  predictLogits,
  type EvaluatorOptions,
  type PredictBatch,
  type PredictionBatch,
} from './evaluator.js';
export {
  clipGradients,
  globalNorm,
  lossAndGradients,
  zerosUnless,
  type LossAndGradients,
  type NamedTensors,
} from './gradients.js';
export { layerFactors } from './layer-decay.js';
export { manifestProblem, writeManifest } from './manifest.js';
export { MetricsLog, readMetrics, type MetricsRecord } from './metrics-log.js';
export { applyAdamW, type Optimized, type OptimizerState } from './optimizer.js';
export { parameterRules, type ParameterRule } from './parameter-groups.js';
export { prefetch } from './prefetch.js';
export type { TrainingEvent } from './progress.js';
export { createRun, runFolder, type RunDescription, type RunFolder } from './run-folder.js';
export type { RunState } from './run-state.js';
export { countSteps, isDue, scheduleFactor, updatesPerEpoch } from './schedule.js';
export {
  applyGradients,
  defineTrainStep,
  runTrainStep,
  stepGradients,
  trainStep,
  type PassInputs,
  type StepGradients,
  type StepInputs,
  type StepScalars,
} from './train-step.js';
export { NonFiniteError, train, type TrainOptions, type TrainResult } from './train.js';
export {
  declareParameters,
  declareTrainingState,
  optimizerNames,
  writeInitialState,
  type TrainingState,
} from './training-state.js';
export { defineUpdates, type TakeBatch, type Update } from './updates.js';
export { loadInitialState, loadRunWeights, type LoadOptions, type LoadReport } from './weights.js';
