import type { NdArrays } from '@reelbert/data';

import type { RunState } from './run-state.js';
import type { StepScalars } from './train-step.js';

type Window = RunState['window'];

/** How much a batch holds: samples, and tokens (real positions of `textMask` and `frameMask`, or of packed rows). */
export interface BatchSize {
  readonly samples: number;
  readonly tokens: number;
}

/** Sizes of a batch by the fields that all of this library's batches share. */
export function batchSize(batch: NdArrays): BatchSize {
  const masks = [batch.textMask, batch.frameMask, batch.attended].filter((mask) => mask !== undefined);
  const first = batch.firstPositions ?? batch.inputIds ?? masks[0] ?? Object.values(batch)[0];
  const tokens = masks.reduce((sum, mask) => sum + (mask.data as Int32Array).reduce((a, b) => a + b, 0), 0);
  return { samples: first?.shape[0] ?? 0, tokens };
}

/** How many rows of a batch count: those that its `rowMask` doesn't call filler, if it has one. */
export function countedRows(batch: NdArrays): number {
  if (!batch.rowMask) return batchSize(batch).samples;
  return (batch.rowMask.data as Int32Array).reduce((count, real) => count + (real ? 1 : 0), 0);
}

/** The window with one more step; values of a step that isn't finite aren't summed. */
export function addStep(window: Window, scalars: StepScalars, size: BatchSize, seconds: number): Window {
  const finite = scalars.finite === 1;
  const sums = { ...window.sums };
  for (const [name, value] of Object.entries(scalars)) sums[name] = (sums[name] ?? 0) + (finite ? value : 0);
  return {
    steps: window.steps + 1,
    sums,
    samples: window.samples + size.samples,
    tokens: window.tokens + size.tokens,
    seconds: window.seconds + seconds,
  };
}

/** Means over the window's finite steps (`loss`, `loss.NAME`, `gradNorm`), and rates over all of it. */
export function summarize({ steps, sums, samples, tokens, seconds }: Window): Record<string, number> {
  const { finite = 0, ...values } = sums;
  const means = Object.entries(values).map(([name, sum]) => [name.replace(/^part\./, 'loss.'), sum / finite]);
  return {
    ...Object.fromEntries(finite > 0 ? means : []),
    ...(finite < steps && { nonFiniteSteps: steps - finite }),
    samplesPerSecond: samples / seconds,
    ...(tokens > 0 && { tokensPerSecond: tokens / seconds }),
  };
}
