// Which parameters share a learning rate and a weight decay, at the original's own rates.
import { ContrastiveModel } from '@reelbert/clip-features';
import { LxmertForClassification, LxmertForPretraining } from '@reelbert/lxmert';
import { ParameterStore, type ParameterSpec } from '@reelbert/nn';
import { parameterRules, trainingSettings } from '@reelbert/trainer';
import { VisualBertForClassification, VisualBertForPretraining } from '@reelbert/visual-bert';
import { z } from 'zod';

import { objectives } from '../batches.js';
import type { Check } from '../check-context.js';
import type { GoldenSet } from '../golden-set.js';
import { contrastConfig, singleStreamConfig, twoStreamConfig } from '../models.js';
import type { Rates } from '../training-run.js';

const family = 'parameter groups';

const groupTable = z.array(
  z.object({ key: z.string(), lr: z.number(), weight_decay: z.number(), names: z.array(z.string()) }),
);

const runs: readonly (readonly [
  name: string,
  rates: Rates,
  specs: (set: GoldenSet) => ParameterSpec[] | undefined,
])[] = [
  ['finetune_single', { others: 5e-4, roberta: 5e-5, visual_backbone: 1e-5 }, classifierSpecs],
  ['pretrain_single', { others: 5e-4, roberta: 1e-4 }, pretrainingSpecs],
  ['finetune_two', { others: 5e-5, newfc_tag: 5e-4, visual_backbone: 5e-6 }, twoStreamSpecs],
  ['contrastive', { model_text: 5e-5, model_image: 5e-6, model_clip: 1e-5 }, contrastSpecs],
];

export const checkParameterGroups: Check = ({ set, report }) => {
  for (const [name, { others = 0, ...rates }, specsOf] of runs) {
    const groups = set.expected(groupTable, 'param_groups', name);
    const specs = specsOf(set);
    if (!groups || !specs) {
      report.missing(family, name);
      continue;
    }
    const { optimizer } = trainingSettings({
      optimizer: {
        learningRate: others,
        weightDecay: 0.01,
        noDecay: 'reference',
        groups: Object.entries(rates).map(([part, learningRate]) => ({ match: [part], learningRate })),
      },
    });
    const text = (parameter: string, rate: number, decay: number) =>
      `${parameter} (rate ${rate}, decay ${decay})`;
    report.names(
      family,
      name,
      parameterRules(specs, optimizer).map((rule) => text(rule.name, rule.learningRate, rule.weightDecay)),
      groups.flatMap((group) => group.names.map((each) => text(each, group.lr, group.weight_decay))),
    );
  }
};

function classifierSpecs(set: GoldenSet): ParameterSpec[] | undefined {
  const config = singleStreamConfig(set);
  const classes = set.config.num_classes;
  return config && specsOf(new VisualBertForClassification(new ParameterStore(), config, { classes }));
}

function pretrainingSpecs(set: GoldenSet): ParameterSpec[] | undefined {
  const config = singleStreamConfig(set);
  return config && specsOf(new VisualBertForPretraining(new ParameterStore(), config, objectives));
}

/** With the language head, which the original's classifier has too. */
function twoStreamSpecs(set: GoldenSet): ParameterSpec[] | undefined {
  const config = twoStreamConfig(set);
  if (!config) return undefined;
  const classes = set.config.num_classes;
  const specs = [
    ...specsOf(new LxmertForClassification(new ParameterStore(), config, { classes })),
    ...specsOf(new LxmertForPretraining(new ParameterStore(), config)),
  ];
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function contrastSpecs(set: GoldenSet): ParameterSpec[] | undefined {
  const config = contrastConfig(set);
  return config && specsOf(new ContrastiveModel(new ParameterStore(), config));
}

function specsOf({ parameters }: { readonly parameters: ParameterStore }): ParameterSpec[] {
  return [...parameters.specs.values()];
}
