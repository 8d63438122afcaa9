// The single-stream classifier on one batch: scores, loss, gradients.
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForClassification } from '@reelbert/visual-bert';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { classificationBatch, classificationInputs, hasAll } from '../batches.js';
import { BoundProgram } from '../bound-program.js';
import { compareByName, fits, stored, type Check } from '../check-context.js';
import { singleStreamConfig } from '../models.js';
import { nameList } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import { compareClassification } from './classification.js';

const family = 'fine-tuning';

export const checkFinetuning: Check = async (context) => {
  const { set, report, mode } = context;
  const config = singleStreamConfig(set);
  const file = set.file('single.finetune');
  const inputs = file.group('in.0.');
  if (!config || !hasAll(inputs, classificationInputs)) {
    return report.missing(family, 'scores, loss, gradients', 'single.finetune: in.0.*');
  }
  const model = new VisualBertForClassification(new ParameterStore(), config, {
    classes: set.config.num_classes,
  });
  if (!fits(context, family, model.parameters, 'single.weights')) {
    return report.notRun(family, 'scores, loss, gradients', 'single.weights lack parameters');
  }
  const batch = classificationBatch(inputs);
  const program = await BoundProgram.of(model.parameters, set.file('single.weights').all(), mode);
  try {
    const found = await program.run(batch, (given) => {
      const logits = model.logits(given);
      return { logits, loss: model.loss(given, null).loss, argmax: tf.argMax(logits, -1) };
    });
    compareClassification(context, family, file, found, batch, set.expected(z.number(), 'finetune', 'loss'));
    const gradients = await program.gradients(batch, (given) => model.loss(given, null).loss);
    const wanted = stored(
      set,
      'single.finetune',
      'grad.',
      (table) => table.family === 'finetune' && table.kind === 'gradient',
    );
    compareByName(report, [family, 'gradients'], tolerances.gradients, gradients, wanted);
    const without = set.expected(nameList, 'finetune', 'parameters_without_gradient');
    const ours = [...model.parameters.specs.keys()].filter((name) => !(name in gradients));
    if (without) report.names(family, 'parameters without gradient', ours, without);
    else report.missing(family, 'parameters without gradient');
  } finally {
    program.dispose();
  }
};
