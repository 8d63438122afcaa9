import { createProgram, type Program } from '@reelbert/compiler';
import {
  assemblePretrainingBatch,
  chooseMasking,
  makeKey,
  Random,
  type NdArrays,
  type PretrainingOptions,
} from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import {
  declareTrainingState,
  defineTrainStep,
  runTrainStep,
  trainingSettings,
  writeInitialState,
} from '@reelbert/trainer';
import { visualBertConfigSchema, VisualBertForPretraining } from '@reelbert/visual-bert';

/** Sizes of a pretraining step: those of the program's small preset unless said otherwise. */
export interface Workload {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly batchSize: number;
  readonly textLength: number;
  readonly frames: number;
  readonly frameDim: number;
}

export const smallWorkload: Workload = {
  hiddenSize: 128,
  layers: 4,
  heads: 4,
  intermediateSize: 512,
  vocabSize: 1500,
  batchSize: 32,
  textLength: 48,
  frames: 4,
  frameDim: 128,
};

const objectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };

/** A program that makes pretraining steps with all objectives on one made-up batch. */
export async function pretrainingSteps(workload: Workload, mode: 'compiled' | 'eager') {
  const { layers, heads, vocabSize, hiddenSize, intermediateSize, frameDim } = workload;
  const config = visualBertConfigSchema.parse({
    text: { vocabSize, hiddenSize, intermediateSize, numHiddenLayers: layers, numAttentionHeads: heads },
    frameDim,
  });
  const program: Program = createProgram({ mode });
  const task = new VisualBertForPretraining(new ParameterStore(), config, objectives);
  const settings = trainingSettings({
    optimizer: { learningRate: 1e-3 },
    schedule: { kind: 'constant', warmup: 0 },
  });
  const state = declareTrainingState(program, task.parameters, settings);
  defineTrainStep(program, task, state, settings);
  await writeInitialState(program, state, settings, task.parameters.initialState(0));
  const batch = pretrainingBatch(workload);
  let step = 0;
  return {
    /** One step; the loss before it. */
    run: async () => (await runTrainStep(program, batch, makeKey(0, step++), 1)).loss,
    dispose: () => program.dispose(),
  };
}

function pretrainingBatch(workload: Workload): NdArrays {
  const { batchSize, textLength, frames, frameDim, vocabSize } = workload;
  const random = new Random('workload');
  const ids = (length: number) => [
    2,
    ...Array.from({ length: length - 2 }, () => 5 + random.integer(vocabSize - 5)),
    3,
  ];
  const samples = Array.from({ length: batchSize }, () => ({
    textIds: ids(textLength),
    titleIds: ids(16),
    bodyIds: ids(32),
    frames: {
      dtype: 'float32' as const,
      shape: [frames, frameDim],
      data: Float32Array.from({ length: frames * frameDim }, () => random.normal()),
    },
  }));
  const special = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };
  const options: PretrainingOptions = {
    objectives,
    textLength,
    frames,
    frameDim,
    special,
    vocabularySize: vocabSize,
    textTokens: { mean: textLength, deviation: 0 },
  };
  return assemblePretrainingBatch(samples, chooseMasking(samples, options, random), options).batch;
}
