// Fine-tuning as the original does it: AdamW, warm-up, cosine and line, moving averages, FGM, PGD.
import type { NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import type { TrainingSettingsInput } from '@reelbert/trainer';
import { VisualBertForClassification } from '@reelbert/visual-bert';
import { z } from 'zod';

import { classificationBatch, classificationInputs, hasAll } from '../batches.js';
import { compareByName, stored, type Check, type CheckContext } from '../check-context.js';
import { singleStreamConfig } from '../models.js';
import { stepTable, type OptimizerConfig, type Steps } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import { referenceSettings, trainingRun, type Rates, type Run } from '../training-run.js';
import { normPairs } from './pretraining.js';
import { compareState, compareSteps, tenfoldNoise, unchanged } from './run-comparison.js';
import { weightsFit } from './weights-fit.js';

const family = 'fine-tuning updates';
const table = 'bert.embeddings.word_embeddings';

interface RunPlan {
  readonly name: string;
  readonly steps: number;
  readonly changes: TrainingSettingsInput;
}

interface Bench {
  readonly run: (steps: number, changes: TrainingSettingsInput, warmup?: number) => Promise<Run>;
  readonly rates: Rates;
}

export const checkFinetuningUpdates: Check = async (context) => {
  const { set, report } = context;
  const { optimizer } = set.config;
  const file = set.file('single.finetune');
  const groups = [0, 1, 2, 3, 4].map((i) => file.group(`in.${i}.`));
  const rates = optimizer?.finetune_lr;
  if (!singleStreamConfig(set) || !hasAll(groups[0]!, classificationInputs) || !optimizer || !rates) {
    return report.missing(family, 'updates', 'single.finetune: in.*, optimizer.finetune_lr');
  }
  const batches = groups.filter((group) => hasAll(group, classificationInputs)).map(classificationBatch);
  const bench = makeBench(context, batches, optimizer, rates);
  if (!bench) return report.notRun(family, 'updates', 'single.weights lack parameters');
  for (const plan of plans(context)) {
    if (plan.steps > batches.length) report.missing(family, plan.name, `only ${batches.length} batches`);
    else await compareRun(context, plan, bench);
  }
  await compareWarmup(context, bench);
};

function plans({ set }: CheckContext): RunPlan[] {
  const { fgm, pgd, ema_decay: decay } = set.config;
  const ema = decay === undefined ? {} : { ema: { enabled: true, decay } };
  const attack = { kind: 'fgm', table, epsilon: fgm?.epsilon ?? 1 } as const;
  const plan = (name: string, steps: number, changes: TrainingSettingsInput = {}): RunPlan => ({
    name,
    steps,
    changes,
  });
  return [
    plan('after1', 1),
    plan('after5', 5, ema),
    plan('after5_linear', 5, { schedule: { kind: 'linear' } }),
    ...(fgm ? [plan('fgm1', 1, { adversarial: attack }), plan('fgm5', 5, { adversarial: attack })] : []),
    ...(pgd ? [plan('pgd1', 1, { adversarial: projected(pgd, pgd.K) })] : []),
  ];
}

function projected({ epsilon, alpha }: { epsilon: number; alpha: number }, steps: number) {
  return { kind: 'pgd', table, epsilon, alpha, steps } as const;
}

function makeBench(
  { set, mode }: CheckContext,
  batches: readonly NdArrays[],
  optimizer: OptimizerConfig,
  rates: Rates,
): Bench | undefined {
  const config = singleStreamConfig(set)!;
  const weights = set.file('single.weights').all();
  const task = () =>
    new VisualBertForClassification(new ParameterStore(), config, { classes: set.config.num_classes });
  if (!weightsFit(task().parameters, weights)) return undefined;
  const run: Bench['run'] = (steps, { schedule, ...changes }, given) => {
    const { warmup_steps_in_1_step_runs: none, warmup_steps_in_5_step_runs: some } = optimizer;
    const warmupSteps = given ?? (steps === 1 ? none : some);
    const plain = referenceSettings(optimizer, rates, warmupSteps, changes);
    const settings = {
      ...plain,
      schedule: { ...plain.schedule, kind: schedule?.kind ?? plain.schedule.kind },
    };
    const totalSteps = optimizer.total_steps;
    return trainingRun({
      mode,
      task: task(),
      settings,
      weights,
      batches: batches.slice(0, steps),
      totalSteps,
    });
  };
  return { run, rates };
}

async function compareRun(
  context: CheckContext,
  { name, steps, changes }: RunPlan,
  bench: Bench,
): Promise<void> {
  const { set, report } = context;
  const file = 'single.finetune_steps';
  const wanted = set.expected(stepTable, 'finetune', name, 'steps');
  const of = (kind: string) =>
    stored(set, file, `${kind}.`, (found) => found.family === 'finetune' && found.kind === kind);
  const state = of(name);
  const averages = name === 'after5' ? of('ema5') : undefined;
  const accumulated = of(`${name}_grad`);
  const count = [state, accumulated, ...(averages ? [averages] : [])].flatMap(({ tensors, digests }) => [
    ...Object.keys(tensors),
    ...Object.keys(digests),
  ]).length;
  if (!wanted && count === 0) return report.missing(family, name);

  const run = await bench.run(steps, changes);
  const noise = tenfoldNoise(set, /^(single|finetune)/);
  compareSteps(report, family, name, run, wanted, bench);
  if (wanted) await compareStepDetails(context, name, changes, run, wanted, bench);
  if (changes.adversarial) {
    compareByName(
      report,
      [family, `${name}: accumulated gradients`],
      tolerances.gradients,
      run.gradients,
      accumulated,
    );
  }
  compareState(report, [family, `${name}: parameters`], noise, run, run.parameters, state);
  if (averages) compareState(report, [family, 'ema5: averages'], noise, run, run.averages, averages);
}

/** Adversarial losses and the norms of the gradients that the first update used. */
async function compareStepDetails(
  { set, report }: CheckContext,
  name: string,
  changes: TrainingSettingsInput,
  run: Run,
  wanted: Steps,
  bench: Bench,
): Promise<void> {
  if (changes.adversarial) {
    const pairs = wanted.flatMap(({ adv_loss: loss, adv_losses: losses }, i): [string, number, number][] => {
      const last = loss ?? losses?.at(-1);
      const ours = run.steps[i]?.['adversarialLoss'] ?? NaN;
      return last === undefined ? [] : [[`update ${i + 1}`, ours, last]];
    });
    // A pass doesn't depend on how many follow: the losses before the last are those of shorter attacks.
    const { pgd } = set.config;
    for (const [i, loss] of (wanted[0]?.adv_losses ?? []).slice(0, -1).entries()) {
      const shorter = await bench.run(1, { adversarial: projected(pgd!, i + 1) });
      pairs.push([`update 1, pass ${i + 1}`, shorter.steps[0]!['adversarialLoss']!, loss]);
    }
    report.numbers(family, `${name}: adversarial losses`, tolerances.losses, pairs);
  }
  const norms = wanted[0]?.gradient_l2;
  if (norms) {
    report.compare(family, `${name}: gradient norms`, tolerances.gradients, normPairs(run.gradients, norms));
  }
}

/** The first update of a warm-up has rate 0. */
async function compareWarmup({ set, report }: CheckContext, bench: Bench): Promise<void> {
  const quantity = 'first update of a warm-up changes nothing';
  const said = set.expected(z.boolean(), 'finetune', 'step1_with_warmup_changes_nothing');
  if (!said) return report.missing(family, quantity);
  const run = await bench.run(1, {}, set.config.optimizer!.warmup_steps_in_5_step_runs);
  report.compare(family, quantity, tolerances.exact, unchanged(set.file('single.weights').all(), run));
}
