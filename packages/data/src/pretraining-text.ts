// The text side of a pretraining batch: MLM and MMM hide tokens.
import type { PretrainingChoices, PretrainingOptions, PretrainingSample, RowParts } from './masking.js';
import type { NdArrays } from './nd-array.js';
import { float32, int32, padText, type PaddedText } from './padding.js';
import { pretrainingCapacity } from './pretraining-capacity.js';

/** The texts of a batch after hiding. */
export interface HiddenText {
  /** [samples, T], hidden tokens replaced; the mask is what it was. */
  readonly text: PaddedText;
  /** The hidden tokens, flat in samples * T; absent where no objective hides any. */
  readonly positions?: readonly number[];
  /** `textLabels` and the objectives' weights [C]: those of the positions, then fillers of weight 0. */
  readonly fields: NdArrays;
  /** How many chosen tokens the capacity left as they were. */
  readonly dropped: number;
}

/** Hides tokens: all of the samples that lose their text, and those chosen of the left ones. */
export function hideText(
  samples: readonly PretrainingSample[],
  choices: Pick<PretrainingChoices, 'mlmSelected' | 'mlmReplacement'>,
  parts: RowParts,
  options: PretrainingOptions,
): HiddenText {
  const { objectives, textLength: width, special } = options;
  const texts = samples.map((sample) => sample.textIds);
  const { ids, mask } = padText(texts, width, special.pad, 'textIds');
  if (!objectives.mlm && !objectives.mmm) return { text: { ids, mask }, fields: {}, dropped: 0 };

  const firstLeft = parts.masked * width;
  const hidden: number[] = [];
  for (let at = parts.frameless * width; at < firstLeft; at++) if (mask[at]) hidden.push(at);
  const mmmText = hidden.length;
  for (let at = firstLeft; objectives.mlm && at < ids.length; at++) {
    if (choices.mlmSelected[at - firstLeft]) hidden.push(at);
  }

  const capacity = pretrainingCapacity(samples.length, options).text;
  const positions = hidden.slice(0, capacity);
  const textLabels = new Int32Array(capacity);
  const mlmWeights = new Float32Array(capacity);
  const mmmTextWeights = new Float32Array(capacity);
  positions.forEach((at, slot) => {
    textLabels[slot] = ids[at]!;
    (slot < mmmText ? mmmTextWeights : mlmWeights)[slot] = 1;
    ids[at] = slot < mmmText ? special.mask : choices.mlmReplacement[at - firstLeft]!;
  });
  return {
    text: { ids, mask },
    positions,
    fields: {
      textLabels: int32([capacity], textLabels),
      ...(objectives.mlm && { mlmWeights: float32([capacity], mlmWeights) }),
      ...(objectives.mmm && { mmmTextWeights: float32([capacity], mmmTextWeights) }),
    },
    dropped: hidden.length - positions.length,
  };
}
