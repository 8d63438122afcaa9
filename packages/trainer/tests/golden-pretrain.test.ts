// Five pretraining updates as the reference does them, with its choices of what to mask, against a PyTorch restatement
// that was checked against the original: fixtures/golden/single.pretrain and single.pretrain_steps.
import {
  assemblePretrainingBatch,
  type NdArray,
  type NdArrays,
  type PretrainingSample,
} from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForPretraining } from '@reelbert/visual-bert';
import { expect, test } from 'vitest';

import { goldenDigests, goldenJson, goldenTensors, withPrefix } from './golden.js';
import {
  expectState,
  golden,
  goldenModelConfig,
  goldenRun,
  goldenSettings,
  tolerance,
} from './golden-run.js';
import { programModes } from './modes.js';

const expected = goldenJson<{
  readonly pretrain: {
    readonly steps: readonly { readonly losses: Readonly<Record<string, number>> }[];
  };
}>('expected');

const modes = await programModes();
const objectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };
const first = goldenTensors('single.pretrain');
const steps = goldenTensors('single.pretrain_steps');
const batches = [0, 1, 2, 3, 4].map((i) =>
  i === 0
    ? goldenBatch(withPrefix('in.', first), withPrefix('choice.', first))
    : goldenBatch(withPrefix(`in.${i}.`, steps), withPrefix(`choice.${i}.`, steps)),
);

/** Our collation of a golden batch under the golden choices. */
function goldenBatch(input: NdArrays, choices: NdArrays): NdArrays {
  const [rows, frames, frameDim] = input.frame_input!.shape as [number, number, number];
  const textLength = input.title_input!.shape[1]!;
  const samples = Array.from({ length: rows }, (_, row): PretrainingSample => {
    const titleIds = realPart(input.title_input!, input.title_mask!, row);
    const bodyIds = realPart(input.asr_ocr_input_ids!, input.asr_ocr_mask!, row);
    const count = rowOf(input.frame_mask!, row).filter((real) => real === 1).length;
    const data = Float32Array.from(rowOf(input.frame_input!, row).slice(0, count * frameDim));
    return {
      textIds: titleIds,
      titleIds,
      bodyIds,
      frames: { dtype: 'float32', shape: [count, frameDim], data },
    };
  });
  const { batch, dropped } = assemblePretrainingBatch(
    samples,
    {
      mlmSelected: choices.mlm_selected!.data as Int32Array,
      mlmReplacement: choices.mlm_replacement!.data as Int32Array,
      mfmSelected: choices.mfm_selected!.data as Int32Array,
    },
    {
      objectives,
      textLength,
      frames,
      frameDim,
      special: golden.special_ids,
      vocabularySize: golden.single.vocab_size!,
      permuteTargets: false,
      packing: 'one-a-row',
    },
  );
  expect(dropped).toBe(0);
  return batch;
}

function rowOf({ data, shape }: NdArray, row: number): number[] {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return [...data.subarray(row * width, (row + 1) * width)];
}

function realPart(ids: NdArray, mask: NdArray, row: number): Int32Array {
  const real = rowOf(mask, row);
  return Int32Array.from(rowOf(ids, row).filter((_, i) => real[i] === 1));
}

test.each(modes)('five updates like the reference (%s)', async (mode) => {
  const task = new VisualBertForPretraining(new ParameterStore(), goldenModelConfig(), objectives);
  const settings = goldenSettings('pretrain', golden.optimizer.warmup_steps_in_5_step_runs);
  const run = await goldenRun(mode, task, settings, batches);
  expected.pretrain.steps.forEach(({ losses }, i) => {
    const found = run.steps[i]!;
    const named = {
      total: found.loss,
      mlm: found['part.mlm']!,
      itm: found['part.itm']!,
      ict: found['part.ict']!,
      mfm: found['part.mfm']! / 2, // the reference logs these halved
      cap_v: found['part.mmmFrame']! / 2,
      cap_l_full: found['part.mmmText']!,
    };
    for (const [name, value] of Object.entries(named)) {
      expect(Math.abs(value / losses[name]! - 1), `${name} of update ${i + 1}`).toBeLessThan(tolerance);
    }
  });
  expectState(run.parameters, withPrefix('after5.', steps), goldenDigests('single.pretrain_steps', 'after5'));
});
