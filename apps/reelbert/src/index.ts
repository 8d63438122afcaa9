export { clipPretrainSchema, type ClipPretrainConfig } from './config/clip-pretrain-config.js';
export { finetuneSchema, type FinetuneConfig } from './config/finetune-config.js';
export { loadPipeline } from './config/load-pipeline.js';
export { pipelineSchema, type PipelineConfig } from './config/pipeline-config.js';
export { loadConfig, presetNames, readConfig } from './config/presets.js';
export { pretrainSchema, type PretrainConfig } from './config/pretrain-config.js';
export { exitStatus, Interrupted } from './exit-status.js';
export { writeReport, type ReportJob } from './report/report.js';
export { clipPretrain } from './stages/clip-pretrain.js';
export { ensemble, type EnsembleConfig, type EnsembleOutcome } from './stages/ensemble.js';
export { ensembleStage, type EnsembleStage } from './stages/ensemble-stage.js';
export { evaluate, type Evaluation, type EvaluationConfig } from './stages/evaluate.js';
export { evaluationStage, type EvaluationStage, type PipelineScores } from './stages/evaluation-stage.js';
export {
  extractFeatures,
  extractionStage,
  type ExtractionJob,
  type ExtractionStage,
} from './stages/extract-features.js';
export { finetune } from './stages/finetune.js';
export type { StageOutcome } from './stages/in-stage-folder.js';
export { pipeline, type PipelineOutcome } from './stages/pipeline.js';
export {
  predictClips,
  writePredictions,
  type ClipPredictions,
  type PredictionConfig,
} from './stages/predict.js';
export { averageStage, predictionStage } from './stages/prediction-stages.js';
export { pretrain } from './stages/pretrain.js';
export { Quarantine } from './stages/quarantine.js';
export type { StageOptions } from './stages/stage-options.js';
export { silentReporter, type Progress, type Reporter } from './terminal/reporter.js';
