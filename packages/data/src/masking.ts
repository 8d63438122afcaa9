// What pretraining hides, as one record of random choices a batch. Drawing is kept apart from collation
// (pretraining-batch.ts), so that a batch follows from its samples and choices alone.
import { InputError } from './input-error.js';
import type { NdArray } from './nd-array.js';
import type { Random } from './random.js';
import type { SpecialIds } from './special-ids.js';

/** Which pretraining objectives a batch serves. */
export interface PretrainingObjectives {
  /** Masked language modelling. */
  readonly mlm: boolean;
  /** Masked frame modelling. */
  readonly mfm: boolean;
  /** Image-text matching: half of the videos go to another row. */
  readonly itm: boolean;
  /** Image-text contrast: title against body text and frames, both unmasked. */
  readonly ict: boolean;
  /** Mask one modality: a share of the rows loses all its frames or all its text. */
  readonly mmm: boolean;
}

/** Mean and standard deviation of a count over the samples of a data set. */
export interface CountStatistics {
  readonly mean: number;
  readonly deviation: number;
}

/** Everything but the samples that fixes a pretraining batch's shapes and contents. */
export interface PretrainingOptions {
  readonly objectives: PretrainingObjectives;
  /** Most tokens T of a text. */
  readonly textLength: number;
  /** Most frames F of a video. */
  readonly frames: number;
  /** Values D of a frame's feature. */
  readonly frameDim: number;
  readonly special: SpecialIds;
  readonly vocabularySize: number;
  /** Share of maskable tokens and of valid frames that are chosen. */
  readonly probabilities?: { readonly mlm?: number; readonly mfm?: number };
  /** Share of the rows that lose a modality, 1/4 where absent. */
  readonly mmmShare?: number;
  /**
   * Whether frame targets and chosen frames move with their video when matching permutes the rows (the default).
   * `false` is the reference's behaviour: a displaced row's output is scored against its own original frames.
   */
  readonly permuteTargets?: boolean;
  /**
   * Whether rows are packed with as many sequences as they hold (the default), or hold one each, padded to T + F, as the
   * reference has it. It changes what is computed on padding, no loss.
   */
  readonly packing?: 'packed' | 'one-a-row';
  /** Tokens a row, [CLS] and [SEP] included: tightens the capacity of `textPositions`. Full rows where absent. */
  readonly textTokens?: CountStatistics;
  /** Valid frames a row: tightens the capacity of `mfmQueries`. Full rows where absent. */
  readonly validFrames?: CountStatistics;
}

/** One video, tokenised and laid out. */
export interface PretrainingSample {
  /** The text that the encoder sees, with [CLS] and [SEP], unpadded. */
  readonly textIds: ArrayLike<number>;
  /** ICT's first text, laid out, unpadded; needed with ICT only. */
  readonly titleIds?: ArrayLike<number>;
  /** ICT's second text (OCR and ASR), laid out, unpadded; needed with ICT only. */
  readonly bodyIds?: ArrayLike<number>;
  /** Frame features [n, D] float32, n from 0 to F. */
  readonly frames: NdArray;
}

/** The random draws for the rows that don't lose a modality ("left" rows, the last of the batch). */
export interface PretrainingChoices {
  /** [left, T] 1 where a token is chosen for MLM. */
  readonly mlmSelected: ArrayLike<number>;
  /** [left, T] token ids after replacement. */
  readonly mlmReplacement: ArrayLike<number>;
  /** [left, F] 1 where a frame is chosen for MFM. */
  readonly mfmSelected: ArrayLike<number>;
}

/** How the rows of a batch are used: MMM rows first (frames hidden, then text hidden), then the others. */
export interface RowParts {
  /** Rows 0..frameless-1 lose all frames. */
  readonly frameless: number;
  /** Rows frameless..masked-1 lose all text. */
  readonly masked: number;
  /** Rows masked..rows-1 do MLM, MFM and ITM. */
  readonly left: number;
}

/** The reference's probabilities: 0.3 of the tokens, 0.9 * 0.15 of the frames. */
export const defaultProbabilities = { mlm: 0.3, mfm: 0.135 } as const;

const mmmShareDefault = 0.25;

/**
 * Splits the rows of a batch: a quarter for MMM where that is on, its first half (rounded down) without frames.
 *
 * @throws InputError where the batch is too small for both kinds of MMM rows (fewer than 8 rows)
 */
export function rowParts(
  rows: number,
  options: Pick<PretrainingOptions, 'objectives' | 'mmmShare'>,
): RowParts {
  if (!options.objectives.mmm) return { frameless: 0, masked: 0, left: rows };
  const share = options.mmmShare ?? mmmShareDefault;
  const masked = Math.floor(rows * share);
  if (masked < 2) {
    throw new InputError({
      field: 'batchSize',
      found: String(rows),
      expected: `at least ${Math.ceil(2 / share)} rows for mask-one-modality, or mmm switched off`,
    });
  }
  return { frameless: Math.floor(masked / 2), masked, left: rows - masked };
}

/**
 * The row whose video each row gets in matching: the first half (rounded down) keeps its own, the rest gets theirs in
 * reverse order. A remainder's middle row thus stays a match.
 */
export function matchingPermutation(rows: number): Int32Array {
  const kept = Math.floor(rows / 2);
  return Int32Array.from({ length: rows }, (_, row) => (row < kept ? row : rows - 1 - (row - kept)));
}

/**
 * Draws what MLM and MFM hide in a batch. A token other than [PAD], [UNK], [CLS], [SEP] and [MASK] is chosen with
 * probability `mlm`; of the chosen 80% become [MASK], 10% any id of the vocabulary and 10% stay. A valid frame is
 * chosen with probability `mfm`. Nothing is drawn for an objective that is off.
 */
export function chooseMasking(
  samples: readonly PretrainingSample[],
  options: PretrainingOptions,
  random: Random,
): PretrainingChoices {
  const { masked, left } = rowParts(samples.length, options);
  const { textLength, frames, objectives } = options;
  const probabilities = { ...defaultProbabilities, ...options.probabilities };
  const mlmSelected = new Uint8Array(left * textLength);
  const mlmReplacement = new Int32Array(left * textLength).fill(options.special.pad);
  const mfmSelected = new Uint8Array(left * frames);
  const never = new Set(Object.values(options.special));
  samples.slice(masked).forEach((sample, row) => {
    for (let t = 0; t < Math.min(sample.textIds.length, textLength); t++) {
      const id = sample.textIds[t]!;
      const at = row * textLength + t;
      const chosen = objectives.mlm && !never.has(id) && random.uniform() < probabilities.mlm;
      mlmSelected[at] = chosen ? 1 : 0;
      mlmReplacement[at] = chosen ? replacement(id, options, random) : id;
    }
    if (!objectives.mfm) return;
    for (let f = 0; f < Math.min(sample.frames.shape[0] ?? 0, frames); f++) {
      mfmSelected[row * frames + f] = random.uniform() < probabilities.mfm ? 1 : 0;
    }
  });
  return { mlmSelected, mlmReplacement, mfmSelected };
}

function replacement(id: number, options: PretrainingOptions, random: Random): number {
  const draw = random.uniform();
  if (draw < 0.8) return options.special.mask;
  return draw < 0.9 ? random.integer(options.vocabularySize) : id;
}
