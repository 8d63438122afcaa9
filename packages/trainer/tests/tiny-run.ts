import { createProgram } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';

import {
  createRun,
  evaluator,
  predictLogits,
  readMetrics,
  train,
  trainingSettings,
  type RunFolder,
  type TrainingEvent,
  type TrainingSettingsInput,
  type TrainOptions,
} from '../src/index.js';
import { tinyBatch, tinyBatches, tinyTask } from './tiny-task.js';

const stepsPerEpoch = 5;
const base: TrainingSettingsInput = {
  epochs: 4,
  optimizer: { learningRate: 0.05 },
  ema: { enabled: true, decay: 0.8 },
  adversarial: { kind: 'fgm', table: 'word_embeddings' },
  logEvery: 3,
  evaluateEvery: 4,
  checkpointEvery: 6,
  keepCheckpoints: 2,
};

export interface Trial {
  readonly resume?: boolean;
  readonly settings?: TrainingSettingsInput;
  readonly options?: Partial<TrainOptions>;
  readonly mode?: 'compiled' | 'eager';
  /** Interrupts after this step. */
  readonly stopAfter?: number;
}

/** A run of the tiny task in a folder, in a program of its own as a process would have. */
export async function runTiny(path: string, trial: Trial = {}) {
  const { mode = 'eager', resume = false, settings: changes, options, stopAfter } = trial;
  const program = createProgram({ mode });
  const settings = trainingSettings({ ...base, ...changes });
  const task = tinyTask({ dropoutRate: 0.2 });
  const run = await createRun(path, { config: 'training: {}\n', resume });
  const averaged = settings.ema.enabled;
  const predict = evaluator(program, task, { weights: averaged ? 'ema' : 'model', settings });
  const events: TrainingEvent[] = [];
  const abort = new AbortController();
  const evaluate = async () => {
    const batch = tinyBatch(99, 0, 32);
    const { data, shape } = await predictLogits(predict, once(batch));
    const right = [...batch.labels!.data].filter((label, row) => {
      const logits = [...data.subarray(row * shape[1]!, (row + 1) * shape[1]!)];
      return logits.indexOf(Math.max(...logits)) === label;
    });
    return { meanF1: right.length / 32 };
  };
  const onProgress = (event: TrainingEvent) => {
    events.push(event);
    if (event.kind === 'step' && event.step === stopAfter) abort.abort();
  };
  try {
    const result = await train({
      program,
      task,
      settings,
      run,
      batches: tinyBatches(stepsPerEpoch),
      stepsPerEpoch,
      evaluate,
      resume,
      signal: abort.signal,
      onProgress,
      ...options,
    });
    const variables = ['classifier.weight', 'embeddings.word_embeddings.weight'];
    if (averaged) variables.push('ema/classifier.weight');
    const state = await program.read([...variables, 'optimizer.v/classifier.weight', 'optimizer.beta1Power']);
    return { result, state, run, events };
  } finally {
    program.dispose();
  }
}

async function* once(batch: NdArrays) {
  yield { batch, samples: [...Array(batch.inputIds!.shape[0]!).keys()] };
}

/** Without what depends on the clock. */
export async function records(run: RunFolder) {
  const clock = ['seconds', 'samplesPerSecond', 'tokensPerSecond', 'peakMemory'];
  return (await readMetrics(run.metrics)).map((record) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !clock.includes(name))),
  );
}
