import { Random, type NdArrays } from '@reelbert/data';
import { createProgram } from '@reelbert/compiler';
import { ParameterStore } from '@reelbert/nn';
import { visualBertConfigSchema, VisualBertForClassification } from '@reelbert/visual-bert';
import { describe, expect, test } from 'vitest';

import {
  declareTrainingState,
  defineUpdates,
  optimizerNames,
  trainingSettings,
  writeInitialState,
  type TrainingSettingsInput,
} from '../src/index.js';
import { programModes } from './modes.js';
import { joined } from './tiny-task.js';

const modes = await programModes();
type Mode = (typeof modes)[number];
const [vocabSize, frameDim, classes] = [30, 6, 5];

/** `rows` clips of up to 6 words and 3 frames. */
function clips(index: number, rows: number): NdArrays {
  const random = new Random('clips', index);
  const int32 = (shape: number[], value: (i: number) => number) => {
    const data = Int32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => value(i));
    return { dtype: 'int32', shape, data } as const;
  };
  const textMask = int32([rows, 6], (i) => (i % 6 < 2 + (Math.floor(i / 6) % 4) ? 1 : 0));
  const frames = Float32Array.from({ length: rows * 3 * frameDim }, () => random.normal());
  return {
    inputIds: int32([rows, 6], (i) => textMask.data[i]! * (1 + random.integer(vocabSize - 1))),
    textMask,
    frames: { dtype: 'float32', shape: [rows, 3, frameDim], data: frames },
    frameMask: int32([rows, 3], () => 1),
    labels: int32([rows], () => random.integer(classes)),
  };
}

interface Trial {
  readonly mode: Mode;
  readonly accumulation: number;
  readonly dropout?: number;
  readonly changes?: TrainingSettingsInput;
}

/** Three updates of a small classifier, each from `accumulation` batches of 12 rows in all. */
async function trainClassifier({ mode, accumulation, dropout = 0, changes }: Trial) {
  const config = visualBertConfigSchema.parse({
    text: {
      vocabSize,
      hiddenSize: 16,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      intermediateSize: 32,
      maxPositionEmbeddings: 8,
      hiddenDropoutProb: dropout,
      attentionProbsDropoutProb: dropout,
      initializerRange: 0.2,
    },
    frameDim,
    classificationLoss: { kind: 'focal' },
  });
  const settings = trainingSettings({
    accumulation,
    clipNorm: 1,
    ema: { enabled: true, decay: 0.9 },
    optimizer: {
      learningRate: 1e-3,
      layerDecay: { factor: 0.8 },
      groups: [{ match: ['newfc_tag'], learningRate: 1e-2 }],
    },
    ...changes,
  });
  const program = createProgram({ mode });
  const task = new VisualBertForClassification(new ParameterStore(), config, { classes });
  const state = declareTrainingState(program, task.parameters, settings);
  const take = defineUpdates(program, task, state, settings);
  await writeInitialState(program, state, settings, task.parameters.initialState(1));
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const parts = Array.from({ length: 3 }, (_, i) => clips(3 * step + i, 4));
    for (const batch of accumulation === 1 ? [joined(...parts)] : parts) {
      const update = await take(batch, step, 1);
      if (update) losses.push(update.scalars.loss);
    }
  }
  const names = [...state.parameters.keys(), ...optimizerNames(state)];
  const variables = await program.read([...names, ...[...state.ema.values()].map(({ name }) => name)]);
  program.dispose();
  return { losses, variables };
}

/** But for keys' biases, whose gradient is zero up to rounding, which Adam makes steps of. */
function expectAlike(found: NdArrays, expected: NdArrays): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, { data }] of Object.entries(expected)) {
    if (name.endsWith('self.key.bias')) continue;
    const values = Array.from<number>(data);
    const largest = Math.max(...values.map(Math.abs));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - found[name]!.data[i]!)));
    expect(worst, name).toBeLessThanOrEqual(1e-3 * largest);
  }
}

describe('a classifier with decaying layers and a focal loss', () => {
  test.each(modes)(
    'learns the same from three batches an update as from one of their rows (%s)',
    async (mode) => {
      const [parts, whole] = [
        await trainClassifier({ mode, accumulation: 3 }),
        await trainClassifier({ mode, accumulation: 1 }),
      ];
      parts.losses.forEach((loss, i) => expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(1e-5));
      expectAlike(parts.variables, whole.variables);
    },
  );

  test.runIf(modes.length > 1)('learns the same compiled as op by op, attacked and dropped out', async () => {
    const adversarial = { kind: 'awp', table: 'bert.embeddings.word_embeddings', steps: 2 } as const;
    const trial = { accumulation: 3, dropout: 0.1, changes: { adversarial } };
    const [compiled, eager] = [
      await trainClassifier({ mode: 'compiled', ...trial }),
      await trainClassifier({ mode: 'eager', ...trial }),
    ];
    compiled.losses.forEach((loss, i) => expect(Math.abs(loss / eager.losses[i]! - 1)).toBeLessThan(1e-5));
    expectAlike(compiled.variables, eager.variables);
  });
});
