import {
  assembleMaskedLanguageBatch,
  assemblePretrainingBatch,
  chooseMasking,
  rowParts,
  type Annotation,
  type CountStatistics,
  type NdArrays,
  type PretrainingOptions,
  type Random,
} from '@reelbert/data';
import { layoutSingle, type Tokenizer } from '@reelbert/tokenizer';

import type { PretrainConfig } from '../config/pretrain-config.js';
import { encodeClip, layoutBody, layoutClip, widthOf } from './clip-texts.js';
import { trainingFrames, type FrameSource } from './frame-source.js';
import { sameText } from './same-text.js';

/** Makes pretraining batches of these clips: rows are numbers of clips. */
export async function pretrainingBatchMaker(
  clips: readonly Annotation[],
  source: FrameSource,
  tokenizer: Tokenizer,
  config: PretrainConfig,
): Promise<(rows: readonly number[], random: Random) => Promise<NdArrays>> {
  const chosen = choicesOf(config);
  rowParts(config.training.batchSize, chosen); // refuses too few rows
  const special = tokenizer.specialIds;
  const encoded = clips.map((clip) => encodeClip(clip, tokenizer));
  const texts = encoded.map((text) => layoutClip(text, config.text, special));
  const titles = encoded.map((text) => layoutSingle(text.title, config.text.maxLength, special));
  const bodies = encoded.map((text) => layoutBody(text, config.text, special));
  const titleNumbers = sameText(clips.map((clip) => clip.title));
  const options: PretrainingOptions = {
    ...chosen,
    textLength: config.architecture === 'lxmert' ? widthOf(texts, config.text) : config.text.maxLength,
    frames: config.frames.perClip,
    frameDim: source.frameShape[0]!,
    special,
    vocabularySize: tokenizer.vocabularySize,
    textTokens: statistics(texts.map((text) => text.length)),
    validFrames: statistics(await frameCounts(clips, source, config.frames.perClip)),
  };
  const assemble = config.architecture === 'lxmert' ? assembleMaskedLanguageBatch : assemblePretrainingBatch;
  return async (rows, random) => {
    const samples = [];
    for (const row of rows) {
      const frames = await trainingFrames(source, clips[row]!.id, config.frames, random);
      samples.push({ textIds: texts[row]!, titleIds: titles[row]!, bodyIds: bodies[row]!, frames });
    }
    const choices = chooseMasking(samples, options, random);
    const { batch } = assemble(samples, choices, options);
    if (!config.objectives.ict) return batch;
    return { ...batch, groups: { dtype: 'int32', shape: [rows.length], data: titleNumbers(rows) } };
  };
}

/** Objectives, how much they hide, and how rows are filled. */
function choicesOf(
  config: PretrainConfig,
): Pick<PretrainingOptions, 'objectives' | 'probabilities' | 'mmmShare' | 'permuteTargets' | 'packing'> {
  const { objectives } = config;
  if (config.architecture === 'lxmert') return { objectives, probabilities: { mlm: config.masking.tokens } };
  const { tokens, frames, oneModality, targetsFollow } = config.masking;
  return {
    objectives,
    probabilities: { mlm: tokens, mfm: frames },
    mmmShare: oneModality,
    permuteTargets: targetsFollow,
    packing: config.packing,
  };
}

/** How many frames of a clip the model sees, of up to a thousand clips spread over all. */
async function frameCounts(
  clips: readonly Annotation[],
  source: FrameSource,
  perClip: number,
): Promise<number[]> {
  const counts: number[] = [];
  const step = Math.ceil(clips.length / 1000);
  for (let i = 0; i < clips.length; i += step) {
    await source.read(clips[i]!.id, (count) => {
      counts.push(Math.min(count, perClip));
      return [];
    });
  }
  return counts;
}

function statistics(counts: readonly number[]): CountStatistics {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  return { mean, deviation: Math.sqrt(variance) };
}
