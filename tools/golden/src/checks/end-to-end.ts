// The single-stream classifier from pixels, with the vision tower in the graph.
import { VisionTower } from '@reelbert/clip-features';
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForClassification } from '@reelbert/visual-bert';
import { z } from 'zod';

import { classificationInputs, hasAll, pixelBatch } from '../batches.js';
import { BoundProgram } from '../bound-program.js';
import type { Check } from '../check-context.js';
import { renamed, singleStreamConfig, towerWeights, visionConfig } from '../models.js';
import { numberTable } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import { normPairs } from './pretraining.js';
import { weightsFit } from './weights-fit.js';

const family = 'end to end';
const tower = 'visual_backbone.';

export const checkEndToEnd: Check = async ({ set, report, mode }) => {
  const [config, vision] = [singleStreamConfig(set), visionConfig(set)];
  const file = set.file('clip.contrastive');
  const inputs = file.group('in.');
  const logits = file.get('end_to_end.logits');
  if (!config || !vision || !logits || !hasAll(inputs, classificationInputs)) {
    return report.missing(family, 'scores, loss, gradients', 'clip.contrastive: end_to_end.*');
  }
  const store = new ParameterStore();
  const frameEncoder = new VisionTower(store, tower, vision);
  const model = new VisualBertForClassification(store, config, {
    classes: set.config.num_classes,
    frameEncoder,
  });
  const weights = {
    ...set.file('single.weights').all(),
    ...renamed(towerWeights(set), (name) => `${tower}${name}`),
  };
  if (config.frameDim !== vision.hiddenSize || !weightsFit(store, weights)) {
    return report.notRun(
      family,
      'scores, loss, gradients',
      'single.weights and clip.weights do not fit together',
    );
  }
  const batch = pixelBatch(inputs);
  const program = await BoundProgram.of(store, weights, mode);
  try {
    const found = await program.run(batch, (given) => {
      return { logits: model.logits(given), loss: model.loss(given, null).loss };
    });
    report.compare(family, 'scores', tolerances.outputs, [
      { name: 'logits', found: found.logits!, wanted: logits },
    ]);
    const loss = [file.get('end_to_end.loss')?.data[0], set.expected(z.number(), 'end_to_end', 'loss')];
    const ours = found.loss!.data[0]!;
    report.numbers(
      family,
      'loss',
      tolerances.losses,
      loss.flatMap((wanted, i) =>
        wanted === undefined ? [] : [[i ? 'loss (table)' : 'loss', ours, wanted] as const],
      ),
    );
    const norms = set.expected(numberTable, 'end_to_end', 'visual_backbone_gradient_l2') ?? {};
    const gradients = await program.gradients(batch, (given) => model.loss(given, null).loss);
    const ofTower = renamed(
      Object.fromEntries(Object.entries(gradients).filter(([name]) => name.startsWith(tower))),
      (name) => name.slice(tower.length),
    );
    report.compare(
      family,
      "gradient norms of the tower's parameters",
      tolerances.gradients,
      normPairs(ofTower, norms),
    );
  } finally {
    program.dispose();
  }
};
