// What follows from a pretraining batch and the random choices: masked ids, labels, the permutation of matching.
import type { NdArray, NdArrays } from '@reelbert/data';

import { hasAll, pretrainingBatch, pretrainingChoices, pretrainingInputs, rowOf } from '../batches.js';
import type { Check } from '../check-context.js';
import type { Values } from '../report.js';
import { tolerances } from '../tolerance.js';

const family = 'collation';

export const checkCollation: Check = ({ set, report }) => {
  const file = set.file('single.pretrain');
  const [inputs, choices] = [file.group('in.'), file.group('choice.')];
  if (!set.config.single || !hasAll(inputs, pretrainingInputs) || !hasAll(choices, pretrainingChoices)) {
    return report.missing(family, 'masked batch', 'single.pretrain: in.*, choice.*');
  }
  const batch = pretrainingBatch(set.config, inputs, choices);
  const derived = derivedTensors(batch, inputs, choices, file.get('derived.shuffle_index'));
  for (const [name, found] of Object.entries(derived)) {
    const wanted = file.get(`derived.${name}`);
    const pairs = wanted ? [{ name, found, wanted }] : [];
    report.compare(family, name, tolerances.exact, pairs);
  }
  const clean = [
    ['frameTargets', 'frame_input'],
    ['ictFrames', 'frame_input'],
    ['ictFrameMask', 'frame_mask'],
    ['titleIds', 'title_input'],
    ['titleMask', 'title_mask'],
    ['textMask', 'title_mask'],
    ['bodyIds', 'asr_ocr_input_ids'],
    ['bodyMask', 'asr_ocr_mask'],
  ] as const;
  report.compare(
    family,
    'inputs that nothing hides',
    tolerances.exact,
    clean.map(([ours, theirs]) => ({ name: ours, found: batch[ours]!, wanted: inputs[theirs]! })),
  );
  const { rows, masked, frameless } = partsOf(inputs);
  const encoded = { data: batch.frames!.data, shape: batch.frames!.shape };
  const wanted = shownFrames(inputs, choices, file.get('derived.shuffle_index'), { rows, masked, frameless });
  if (!wanted) return report.missing(family, 'frames that the encoder sees', 'derived.shuffle_index');
  report.compare(family, 'frames that the encoder sees', tolerances.exact, [
    { name: 'frames', found: encoded, wanted },
  ]);
};

interface Parts {
  readonly rows: number;
  /** Rows of MMM. */
  readonly masked: number;
  /** Those of them that lose their frames. */
  readonly frameless: number;
}

function partsOf(inputs: NdArrays): Parts {
  const rows = inputs.frame_input!.shape[0]!;
  const masked = Math.floor(rows / 4);
  return { rows, masked, frameless: Math.floor(masked / 2) };
}

/** Our batch in the form of the set's `derived.*`. */
function derivedTensors(
  batch: NdArrays,
  inputs: NdArrays,
  choices: NdArrays,
  permutation: NdArray | undefined,
): Record<string, Values> {
  const { rows, masked, frameless } = partsOf(inputs);
  const width = inputs.title_input!.shape[1]!;
  const frames = inputs.frame_input!.shape[1]!;
  const left = rows - masked;
  const tensor = (shape: number[], data: ArrayLike<number>): Values => ({ shape, data });
  const labels = (weights: string) =>
    scatter(rows * width, batch.textPositions!, batch.textLabels!.data, batch[weights]!);
  const ids = Array.from(batch.inputIds!.data);
  const mfm = scatter(rows * frames, batch.mfmQueries!, batch.mfmTargets!.data, batch.mfmQueryWeights!);
  const video = scatter(
    rows * frames,
    batch.mmmFrameQueries!,
    batch.mmmFrameTargets!.data,
    batch.mmmFrameQueryWeights!,
  );
  return {
    mlm_input_ids: tensor([left, width], ids.slice(masked * width)),
    mlm_labels: tensor([left, width], labels('mlmWeights').slice(masked * width)),
    mfm_labels: tensor([left, frames], mfm.slice(masked * frames)),
    shuffle_index: tensor([left], permutationOf(batch, inputs, choices, permutation)),
    itm_labels: tensor([left], Array.from(batch.itmLabels!.data).slice(masked)),
    shuffled_frame_mask: tensor([left, frames], Array.from(batch.frameMask!.data).slice(masked * frames)),
    mmm_input_ids: tensor([masked, width], ids.slice(0, masked * width)),
    mmm_text_labels: tensor(
      [masked - frameless, width],
      labels('mmmTextWeights').slice(frameless * width, masked * width),
    ),
    mmm_video_labels: tensor([frameless, frames], video.slice(0, frameless * frames)),
  };
}

/** Values at the positions that count, in an array of -100. */
function scatter(size: number, positions: NdArray, values: ArrayLike<number>, weights: NdArray): number[] {
  const out = new Array<number>(size).fill(-100);
  positions.data.forEach((at, slot) => {
    if (weights.data[slot] === 1) out[at] = values[slot]!;
  });
  return out;
}

/**
 * From which row each left row has its frames now, found by what they look like; -1 for a row that fits none. Where
 * rows look alike (all their frames are hidden), the one that the set names counts.
 */
function permutationOf(
  batch: NdArrays,
  inputs: NdArrays,
  choices: NdArrays,
  named: NdArray | undefined,
): number[] {
  const { rows, masked } = partsOf(inputs);
  const sources = Array.from({ length: rows - masked }, (_, row) =>
    visibleFrames(inputs, choices, masked, row),
  );
  return sources.map((_, row) => {
    const shown = rowOf(batch.frames!, masked + row);
    const order = [...(named ? [named.data[row]!] : []), ...sources.keys()];
    return order.find((from) => sources[from]?.every((value, i) => value === shown[i]!)) ?? -1;
  });
}

/** A left row's frames with those that MFM hides at zero. */
function visibleFrames(inputs: NdArrays, choices: NdArrays, masked: number, row: number): number[] {
  const values = rowOf(inputs.frame_input!, masked + row);
  const hidden = rowOf(choices.mfm_selected!, row);
  const width = inputs.frame_input!.shape[2]!;
  return values.map((value, i) => (hidden[Math.floor(i / width)] ? 0 : value + 0));
}

/** Frames as the encoder is to see them; nothing where the set doesn't say how rows were permuted. */
function shownFrames(
  inputs: NdArrays,
  choices: NdArrays,
  permutation: NdArray | undefined,
  { rows, masked, frameless }: Parts,
): Values | undefined {
  if (!permutation) return undefined;
  const data = Array.from({ length: rows }, (_, row) => {
    if (row >= masked) return visibleFrames(inputs, choices, masked, permutation.data[row - masked]!);
    const own = rowOf(inputs.frame_input!, row);
    return row < frameless ? own.map(() => 0) : own;
  });
  return { shape: inputs.frame_input!.shape, data: data.flat() };
}
