// Fine-tuning as the reference does it (Hugging Face's former AdamW, its cosine schedule, EMA, FGM, PGD), against a
// PyTorch restatement that was checked against the original: fixtures/golden/single.finetune_steps.
import type { NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForClassification } from '@reelbert/visual-bert';
import { describe, expect, test } from 'vitest';

import { parameterRules, trainingSettings, type TrainingSettingsInput } from '../src/index.js';
import { goldenDigests, goldenJson, goldenTensors, withPrefix, type Digests } from './golden.js';
import {
  expectState,
  golden,
  goldenModelConfig,
  goldenRun,
  goldenSettings,
  tolerance,
} from './golden-run.js';
import { programModes } from './modes.js';

interface ExpectedRun {
  readonly steps: readonly { loss: number; adv_loss?: number; adv_losses?: number[] }[];
  readonly digest?: Digests;
}
type RunName = 'after1' | 'after5' | 'after5_linear' | 'fgm1' | 'pgd1' | 'fgm5';
const expected = goldenJson<{
  readonly finetune: Readonly<Record<RunName, ExpectedRun>> & { readonly ema5_digest?: Digests };
  readonly param_groups: Readonly<
    Record<string, { key: string; lr: number; weight_decay: number; names: string[] }[]>
  >;
}>('expected');

const digests = (name: RunName) =>
  expected.finetune[name].digest ?? goldenDigests('single.finetune_steps', name);

const modes = await programModes();
const batches = goldenBatches();
const states = goldenTensors('single.finetune_steps');
const warmupSteps = golden.optimizer.warmup_steps_in_5_step_runs;
const table = 'bert.embeddings.word_embeddings';
const fgm = { kind: 'fgm', table, epsilon: golden.fgm.epsilon } as const;
const pgd = {
  kind: 'pgd',
  table,
  epsilon: golden.pgd.epsilon,
  alpha: golden.pgd.alpha,
  steps: golden.pgd.K,
} as const;

function goldenBatches(): NdArrays[] {
  const tensors = goldenTensors('single.finetune');
  return [0, 1, 2, 3, 4].map((i) => {
    const { title_input, title_mask, frame_input, frame_mask, label } = withPrefix(`in.${i}.`, tensors);
    const labels = { ...label!, shape: [label!.shape[0]!] };
    return {
      inputIds: title_input!,
      textMask: title_mask!,
      frames: frame_input!,
      frameMask: frame_mask!,
      labels,
    };
  });
}

const task = () =>
  new VisualBertForClassification(new ParameterStore(), goldenModelConfig(), { classes: golden.num_classes });

describe.each(modes)('fine-tuning like the reference (%s)', (mode) => {
  const run = (steps: number, warmup: number, changes: TrainingSettingsInput = {}) =>
    goldenRun(mode, task(), goldenSettings('finetune', warmup, changes), batches.slice(0, steps));

  const expectLosses = (name: RunName, steps: readonly { readonly [name: string]: number }[]) =>
    expected.finetune[name].steps.forEach(({ loss, adv_loss, adv_losses }, i) => {
      const relative = (found: number, value: number) => Math.abs(found / value - 1);
      expect(relative(steps[i]!.loss!, loss)).toBeLessThan(tolerance);
      const adversarial = adv_loss ?? adv_losses?.at(-1);
      if (adversarial) expect(relative(steps[i]!.adversarialLoss!, adversarial)).toBeLessThan(tolerance);
    });

  test('one update', async () => {
    const { steps, parameters } = await run(1, 0);
    expectLosses('after1', steps);
    expectState(parameters, withPrefix('after1.', states), digests('after1'));
  });

  test('five updates with warm-up, and their moving averages', async () => {
    const { steps, parameters, averages } = await run(5, warmupSteps, {
      ema: { enabled: true, decay: golden.ema_decay },
    });
    expectLosses('after5', steps);
    expectState(parameters, withPrefix('after5.', states), digests('after5'));
    expectState(averages, withPrefix('ema5.', states), expected.finetune.ema5_digest);
  });

  test('five updates along a line', async () => {
    const { schedule } = goldenSettings('finetune', warmupSteps);
    const { steps, parameters } = await run(5, warmupSteps, { schedule: { ...schedule, kind: 'linear' } });
    expectLosses('after5_linear', steps);
    expectState(parameters, {}, digests('after5_linear'));
  });

  test.each([
    ['fgm1', fgm],
    ['pgd1', pgd],
  ] as const)('one adversarial update: %s', async (name, adversarial) => {
    const { steps, parameters, gradients } = await run(1, 0, { adversarial });
    expectLosses(name, steps);
    expectState(
      gradients,
      withPrefix(`${name}_grad.`, states),
      goldenDigests('single.finetune_steps', `${name}_grad`),
    );
    expectState(parameters, withPrefix(`${name}.`, states), digests(name));
  });

  test('five adversarial updates', async () => {
    const { steps, parameters } = await run(5, warmupSteps, { adversarial: fgm });
    expectLosses('fgm5', steps);
    expectState(parameters, {}, digests('fgm5'));
  });

  test('the first update of a warm-up changes no parameter, and padding gets no gradient', async () => {
    const before = goldenTensors('single.weights');
    const { parameters, gradients } = await run(1, warmupSteps, { adversarial: fgm });
    for (const [name, { data }] of Object.entries(parameters)) expect(data, name).toEqual(before[name]!.data);
    const width = golden.single.hidden_size!;
    const padding = gradients['roberta.bert.embeddings.word_embeddings.weight']!.data.slice(0, width);
    expect([...padding].every((value) => value === 0)).toBe(true);
  });
});

test('the reference groups parameters as ours are', () => {
  const groups = expected.param_groups.finetune_single!;
  const settings = trainingSettings({
    optimizer: {
      learningRate: 5e-4,
      noDecay: 'reference',
      groups: [
        { match: ['roberta'], learningRate: 5e-5 },
        { match: ['visual_backbone'], learningRate: 1e-5 },
      ],
    },
  });
  const store = task().parameters;
  const rules = parameterRules(store.specs.values(), settings.optimizer);
  for (const { lr, weight_decay, names } of groups) {
    const found = rules.filter((rule) => rule.learningRate === lr && rule.weightDecay === weight_decay);
    const known = names.filter((name) => store.specs.has(name));
    expect(found.map((rule) => rule.name).sort()).toEqual(known.sort());
  }
});
