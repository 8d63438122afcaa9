import { z } from 'zod';

import { updatesPerEpoch } from './schedule.js';

const count = z.int().min(0);

/** Where a run stands, as state.json of a checkpoint holds it. With it and the variables a run goes on exactly. */
export const runStateSchema = z.strictObject({
  version: z.literal(1),
  /** Updates done; those that weren't finite count. */
  step: count,
  /** The coming batch: `index` of epoch `epoch`. Batches and keys are functions of seed, epoch, index and step. */
  epoch: count,
  index: count,
  seed: z.int(),
  /** Batches in an epoch, and how many of them make an update. */
  stepsPerEpoch: count,
  accumulation: z.int().min(1).default(1),
  totalSteps: count,
  /** Time spent on updates. */
  seconds: z.number(),
  nonFiniteSteps: count,
  nonFiniteInARow: count,
  best: z.strictObject({ score: z.number(), step: count }).nullable(),
  /** Sums since the last log record. */
  window: z.strictObject({
    steps: count,
    sums: z.record(z.string(), z.number()),
    samples: count,
    tokens: count,
    seconds: z.number(),
  }),
});

export type RunState = z.output<typeof runStateSchema>;

export const emptyWindow: RunState['window'] = { steps: 0, sums: {}, samples: 0, tokens: 0, seconds: 0 };

/** A run that has done nothing yet. */
export function firstState(
  run: Pick<RunState, 'seed' | 'stepsPerEpoch' | 'accumulation' | 'totalSteps'>,
): RunState {
  return {
    version: 1,
    step: 0,
    epoch: 0,
    index: 0,
    ...run,
    seconds: 0,
    nonFiniteSteps: 0,
    nonFiniteInARow: 0,
    best: null,
    window: emptyWindow,
  };
}

/** The state after one more update. */
export function advance(state: RunState, finite: boolean, seconds: number): RunState {
  const step = state.step + 1;
  const perEpoch = updatesPerEpoch(state.stepsPerEpoch, state.accumulation);
  return {
    ...state,
    step,
    epoch: Math.floor(step / perEpoch),
    index: (step % perEpoch) * state.accumulation,
    seconds: state.seconds + seconds,
    nonFiniteSteps: state.nonFiniteSteps + (finite ? 0 : 1),
    nonFiniteInARow: finite ? 0 : state.nonFiniteInARow + 1,
  };
}
