import { defaultProbabilities, rowParts, type PretrainingOptions } from './masking.js';

/** How many positions of a batch the pretraining heads are computed at; fixed by batch size and options. */
export interface PretrainingCapacity {
  /** Length C of `textPositions`. */
  readonly text: number;
  /** Length Q of `mfmQueries`. */
  readonly mfm: number;
  /** Length Q of `mmmFrameQueries`: every frame of the frameless rows. */
  readonly mmmFrame: number;
}

/**
 * Room for the mean number of hidden positions and six standard deviations more, rounded up to a multiple of 8; never
 * more than all positions. With `textTokens` and `validFrames` that is what the data needs, otherwise full rows.
 */
export function pretrainingCapacity(rows: number, options: PretrainingOptions): PretrainingCapacity {
  const { frameless, masked, left } = rowParts(rows, options);
  const probabilities = { ...defaultProbabilities, ...options.probabilities };
  const tokens = options.textTokens ?? { mean: options.textLength, deviation: 0 };
  const frames = options.validFrames ?? { mean: options.frames, deviation: 0 };
  const textless = masked - frameless;
  const mlmRows = options.objectives.mlm ? left : 0;
  const mlm = chosen(mlmRows, tokens, probabilities.mlm);
  const mmmText = chosen(textless, tokens, 1);
  const mfm = chosen(left, frames, probabilities.mfm);
  return {
    text: roomFor(
      mlm.mean + mmmText.mean,
      mlm.variance + mmmText.variance,
      (mlmRows + textless) * options.textLength,
    ),
    mfm: roomFor(mfm.mean, mfm.variance, left * options.frames),
    mmmFrame: frameless * options.frames,
  };
}

// Mean and variance of a binomial number of choices, summed over rows of random length.
function chosen(rows: number, count: { mean: number; deviation: number }, p: number) {
  return {
    mean: rows * count.mean * p,
    variance: rows * (count.mean * p * (1 - p) + (count.deviation * p) ** 2),
  };
}

function roomFor(mean: number, variance: number, most: number): number {
  const room = Math.ceil((mean + 6 * Math.sqrt(variance)) / 8) * 8;
  return Math.min(Math.max(room, 8), most);
}
