// Five pretraining updates: the first on the batch of single.pretrain, the others on those of single.pretrain_steps.
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForPretraining } from '@reelbert/visual-bert';

import { hasAll, objectives, pretrainingBatch, pretrainingChoices, pretrainingInputs } from '../batches.js';
import { stored, type Check } from '../check-context.js';
import { singleStreamConfig } from '../models.js';
import { stepTable } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import { referenceSettings, trainingRun } from '../training-run.js';
import { originalLosses } from './pretraining.js';
import { compareState, compareSteps, tenfoldNoise } from './run-comparison.js';
import { weightsFit } from './weights-fit.js';

const family = 'pretraining updates';

export const checkPretrainingUpdates: Check = async ({ set, report, mode }) => {
  const config = singleStreamConfig(set);
  const { optimizer } = set.config;
  const steps = set.file('single.pretrain_steps');
  const first = set.file('single.pretrain');
  const groups = [1, 2, 3, 4].map((i) => ({
    in: steps.group(`in.${i}.`),
    choice: steps.group(`choice.${i}.`),
  }));
  groups.unshift({ in: first.group('in.'), choice: first.group('choice.') });
  const complete = groups.every(
    (group) => hasAll(group.in, pretrainingInputs) && hasAll(group.choice, pretrainingChoices),
  );
  const rates = optimizer?.pretrain_lr;
  if (!config || !complete || !optimizer || !rates) {
    return report.missing(family, 'five updates', 'batches of single.pretrain_steps, optimizer.pretrain_lr');
  }
  const task = new VisualBertForPretraining(new ParameterStore(), config, objectives);
  const weights = set.file('single.weights').all();
  if (!weightsFit(task.parameters, weights))
    return report.notRun(family, 'five updates', 'single.weights lack parameters');

  const batches = groups.map((group) => pretrainingBatch(set.config, group.in, group.choice));
  const settings = referenceSettings(optimizer, rates, optimizer.warmup_steps_in_5_step_runs);
  const run = await trainingRun({
    mode,
    task,
    settings,
    weights,
    batches,
    totalSteps: optimizer.total_steps,
  });
  const wanted = set.expected(stepTable, 'pretrain', 'steps');
  compareSteps(report, family, 'after5', run, wanted, { rates });
  const pairs = (wanted ?? []).flatMap(({ losses = {} }, i) => {
    const found = run.steps[i]!;
    const ours = originalLosses(found.loss, (part) => found[`part.${part}`]!);
    return Object.entries(losses).map(
      ([name, loss]) => [`${name}, update ${i + 1}`, ours[name] ?? NaN, loss] as const,
    );
  });
  report.numbers(family, 'after5: losses of each update', tolerances.losses, pairs);
  compareState(
    report,
    [family, 'after5: parameters'],
    tenfoldNoise(set, /^(single|finetune|pretrain)/),
    run,
    run.parameters,
    stored(
      set,
      'single.pretrain_steps',
      'after5.',
      (table) => table.family === 'pretrain' && table.kind === 'after5',
    ),
  );
};
