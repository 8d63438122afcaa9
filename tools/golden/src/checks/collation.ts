// What follows from a pretraining batch and the random choices: masked ids, labels, the permutation of matching.
import type { NdArray, NdArrays } from '@reelbert/data';

import {
  hasAll,
  pretrainingBatch,
  pretrainingChoices,
  pretrainingInputs,
  rowOf,
  rowsOf,
} from '../batches.js';
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
  const shown = shownParts(batch, inputs);
  const derived = derivedTensors(batch, shown, inputs, choices, file.get('derived.shuffle_index'));
  for (const [name, found] of Object.entries(derived)) {
    const wanted = file.get(`derived.${name}`);
    const pairs = wanted ? [{ name, found, wanted }] : [];
    report.compare(family, name, tolerances.exact, pairs);
  }
  const clean = [
    ['frameTargets', batch.frameTargets!, 'frame_input'],
    ['frames of contrast', shown.contrastFrames, 'frame_input'],
    ['frame mask of contrast', shown.contrastFrameMask, 'frame_mask'],
    ['titles', shown.titleIds, 'title_input'],
    ['title mask', shown.titleMask, 'title_mask'],
    ['text mask', shown.textMask, 'title_mask'],
    ['bodies', shown.bodyIds, 'asr_ocr_input_ids'],
    ['body mask', shown.bodyMask, 'asr_ocr_mask'],
  ] as const;
  report.compare(
    family,
    'inputs that nothing hides',
    tolerances.exact,
    clean.map(([name, found, wanted]) => ({ name, found, wanted: inputs[wanted]! })),
  );
  const wanted = shownFrames(inputs, choices, file.get('derived.shuffle_index'), partsOf(inputs));
  if (!wanted) return report.missing(family, 'frames that the encoder sees', 'derived.shuffle_index');
  report.compare(family, 'frames that the encoder sees', tolerances.exact, [
    { name: 'frames', found: shown.frames, wanted },
  ]);
};

type ShownParts = ReturnType<typeof shownParts>;

/** What the encoder sees, out of rows that hold a sequence each, T tokens and F frames: texts, titles, bodies. */
function shownParts(batch: NdArrays, inputs: NdArrays) {
  const [rows, length] = inputs.frame_input!.shape as [number, number];
  const width = inputs.title_input!.shape[1]!;
  const slots = (name: string, first: number, from: number, count: number): NdArray => {
    const all = rowsOf(batch[name]!, first, rows);
    const data = Array.from({ length: rows }, (_, row) => rowOf(all, row).slice(from, from + count)).flat();
    return { dtype: 'int32', shape: [rows, count], data: Int32Array.from(data) };
  };
  const text = (name: string, sequence: number) => slots(name, sequence * rows, 0, width);
  const frameMask = (sequence: number) => slots('attended', sequence * rows, width, length);
  return {
    ids: text('tokenIds', 0),
    textMask: text('attended', 0),
    titleIds: text('tokenIds', 1),
    titleMask: text('attended', 1),
    bodyIds: text('tokenIds', 2),
    bodyMask: text('attended', 2),
    frames: rowsOf(batch.frames!, 0, rows),
    frameMask: frameMask(0),
    contrastFrames: rowsOf(batch.frames!, rows, rows),
    contrastFrameMask: frameMask(2),
  };
}

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
  shown: ShownParts,
  inputs: NdArrays,
  choices: NdArrays,
  permutation: NdArray | undefined,
): Record<string, Values> {
  const { rows, masked, frameless } = partsOf(inputs);
  const width = inputs.title_input!.shape[1]!;
  const frames = inputs.frame_input!.shape[1]!;
  const left = rows - masked;
  const tensor = (shape: number[], data: ArrayLike<number>): Values => ({ shape, data });
  const slots = width + frames;
  const texts = Array.from(batch.textPositions!.data, (at) => Math.floor(at / slots) * width + (at % slots));
  const labels = (weights: string) => scatter(rows * width, texts, batch.textLabels!.data, batch[weights]!);
  const ids = Array.from(shown.ids.data);
  const frameLabels = (name: string) => {
    const queries = Array.from(batch[`${name}Queries`]!.data, (at) => {
      return Math.floor(at / slots) * frames + (at % slots) - width;
    });
    return scatter(rows * frames, queries, batch[`${name}Targets`]!.data, batch[`${name}QueryWeights`]!);
  };
  const [mfm, video] = [frameLabels('mfm'), frameLabels('mmmFrame')];
  return {
    mlm_input_ids: tensor([left, width], ids.slice(masked * width)),
    mlm_labels: tensor([left, width], labels('mlmWeights').slice(masked * width)),
    mfm_labels: tensor([left, frames], mfm.slice(masked * frames)),
    shuffle_index: tensor([left], permutationOf(shown.frames, inputs, choices, permutation)),
    itm_labels: tensor([left], Array.from(batch.itmLabels!.data).slice(masked)),
    shuffled_frame_mask: tensor([left, frames], Array.from(shown.frameMask.data).slice(masked * frames)),
    mmm_input_ids: tensor([masked, width], ids.slice(0, masked * width)),
    mmm_text_labels: tensor(
      [masked - frameless, width],
      labels('mmmTextWeights').slice(frameless * width, masked * width),
    ),
    mmm_video_labels: tensor([frameless, frames], video.slice(0, frameless * frames)),
  };
}

/** Values at the positions that count, in an array of -100. */
function scatter(
  size: number,
  places: readonly number[],
  values: ArrayLike<number>,
  weights: NdArray,
): number[] {
  const out = new Array<number>(size).fill(-100);
  places.forEach((at, slot) => {
    if (weights.data[slot] === 1) out[at] = values[slot]!;
  });
  return out;
}

/**
 * From which row each left row has its frames now, found by what they look like; -1 for a row that fits none. Where
 * rows look alike (all their frames are hidden), the one that the set names counts.
 */
function permutationOf(
  frames: NdArray,
  inputs: NdArrays,
  choices: NdArrays,
  named: NdArray | undefined,
): number[] {
  const { rows, masked } = partsOf(inputs);
  const sources = Array.from({ length: rows - masked }, (_, row) =>
    visibleFrames(inputs, choices, masked, row),
  );
  return sources.map((_, row) => {
    const shown = rowOf(frames, masked + row);
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
