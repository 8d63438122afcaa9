import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { dataFolder } from '../dataset/data-folder.js';
import { finetuneSchema } from '../config/finetune-config.js';
import { validate } from '../config/validate.js';
import { readYaml } from '../config/yaml-document.js';
import { evaluate, type Evaluation, type EvaluationConfig } from '../stages/evaluate.js';
import { testPredictionsFile } from '../stages/score-test.js';
import { reportPage } from './page.js';
import { readRun } from './read-run.js';

export interface ReportJob {
  readonly run: string;
  /** Where the page goes; default RUN/report.html. */
  readonly out?: string | undefined;
  /** Predictions to score by category; default: those that the run left of its test clips, if any. */
  readonly evaluation?: EvaluationConfig | undefined;
}

/**
 * Writes a training run's report and returns its file.
 *
 * @throws InputError if no training run lies there, or what is to be scored can't be read
 */
export async function writeReport({ run, out, evaluation }: ReportJob): Promise<string> {
  const record = await readRun(run);
  const scored = evaluation ? await evaluate(evaluation) : await testEvaluation(run);
  const file = out ?? join(run, 'report.html');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, reportPage(record, scored));
  return file;
}

/** The scores of the run's predictions of its test clips; undefined if it left none, or the clips are gone. */
async function testEvaluation(run: string): Promise<Evaluation | undefined> {
  const predictions = join(run, testPredictionsFile);
  if (!(await exists(predictions))) return undefined;
  const file = await readYaml(join(run, 'config.yaml'));
  const { folder, test } = validate(finetuneSchema, file.value, file).data;
  if (test === null) return undefined;
  const annotations = resolve(await dataFolder(folder), test);
  return (await exists(annotations)) ? evaluate({ predictions, annotations }) : undefined;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
