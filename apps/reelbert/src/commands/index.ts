import { clipPretrainCommand } from './clip-pretrain.js';
import type { Command } from './command.js';
import { dataCheckCommand } from './data-check.js';
import { dataSampleCommand } from './data-sample.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { ensembleCommand } from './ensemble.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { featuresExtractCommand } from './features-extract.js';
import { featuresMergeCommand } from './features-merge.js';
import { finetuneCommand } from './finetune.js';
import { importCommand } from './import.js';
import { logitsMergeCommand } from './logits-merge.js';
import { pipelineCommand } from './pipeline.js';
import { predictCommand } from './predict.js';
import { pretrainCommand } from './pretrain.js';
import { reportCommand } from './report.js';
import { setupCommand } from './setup.js';

/** The program's commands, in the order in which help lists them. */
export const commands: readonly Command[] = [
  demoCommand,
  doctorCommand,
  setupCommand,
  dataSampleCommand,
  dataCheckCommand,
  clipPretrainCommand,
  featuresExtractCommand,
  featuresMergeCommand,
  pretrainCommand,
  finetuneCommand,
  predictCommand,
  logitsMergeCommand,
  evaluateCommand,
  ensembleCommand,
  reportCommand,
  pipelineCommand,
  importCommand,
  exportCommand,
];
