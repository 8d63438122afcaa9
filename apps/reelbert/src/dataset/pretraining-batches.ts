import {
  assembleMaskedLanguageBatch,
  assemblePretrainingBatch,
  chooseMasking,
  rowParts,
  type Annotation,
  type CountStatistics,
  type PretrainingOptions,
  type PretrainingSample,
  type Random,
} from '@reelbert/data';
import { layoutSingle, type Tokenizer } from '@reelbert/tokenizer';

import type { PretrainConfig } from '../config/pretrain-config.js';
import { encodeClip, layoutBody, layoutClip, widthOf } from './clip-texts.js';
import { trainingFrames, type FrameSource } from './frame-source.js';
import { sameText } from './same-text.js';
import type { BatchMaker } from './training-batches.js';

/**
 * Makes pretraining batches of these clips: rows are numbers of clips. The single-stream model's are packed, whatever
 * their lengths; the two-stream model's are padded, and so of texts of one width as far as possible.
 */
export async function pretrainingBatchMaker(
  clips: readonly Annotation[],
  source: FrameSource,
  tokenizer: Tokenizer,
  config: PretrainConfig,
): Promise<BatchMaker> {
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
    textLength: config.text.maxLength,
    frames: config.frames.perClip,
    frameDim: source.frameShape[0]!,
    special,
    vocabularySize: tokenizer.vocabularySize,
    textTokens: statistics(texts.map((text) => text.length)),
    validFrames: statistics(await frameCounts(clips, source, config.frames.perClip)),
  };
  const sampleOf = async (row: number, random: Random): Promise<PretrainingSample> => {
    const frames = await trainingFrames(source, clips[row]!.id, config.frames, random);
    return { textIds: texts[row]!, titleIds: titles[row]!, bodyIds: bodies[row]!, frames };
  };
  const samplesOf = async (rows: readonly number[], random: Random) => {
    const samples: PretrainingSample[] = [];
    for (const row of rows) samples.push(await sampleOf(row, random));
    return samples;
  };
  if (config.architecture === 'lxmert') {
    return {
      widths: texts.map((text) => widthOf([text], config.text)),
      make: async (rows, random) => {
        const textLength = widthOf(
          rows.map((row) => texts[row]!),
          config.text,
        );
        // Room for full rows: how long texts are on average says nothing of a batch of long ones.
        const padded = { ...options, textLength, textTokens: { mean: textLength, deviation: 0 } };
        const samples = await samplesOf(rows, random);
        return assembleMaskedLanguageBatch(samples, chooseMasking(samples, padded, random), padded).batch;
      },
    };
  }
  return {
    make: async (rows, random) => {
      const samples = await samplesOf(rows, random);
      const { batch } = assemblePretrainingBatch(samples, chooseMasking(samples, options, random), options);
      if (!config.objectives.ict) return batch;
      return { ...batch, groups: { dtype: 'int32', shape: [rows.length], data: titleNumbers(rows) } };
    },
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
