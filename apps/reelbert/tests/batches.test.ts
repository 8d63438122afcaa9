import { Random, type Annotation, type NdArrays } from '@reelbert/data';
import { buildVocabulary, Tokenizer } from '@reelbert/tokenizer';
import { describe, expect, it } from 'vitest';

import { clipPretrainSchema } from '../src/config/clip-pretrain-config.js';
import { textSchema } from '../src/config/data-config.js';
import { finetuneSchema } from '../src/config/finetune-config.js';
import { loadConfig } from '../src/config/presets.js';
import { classificationBatchMaker } from '../src/dataset/classification-batches.js';
import { contrastiveBatchMaker } from '../src/dataset/contrastive-batches.js';
import { noFrames, type FrameSource } from '../src/dataset/frame-source.js';
import { planPrediction, predictionBatches, predictionBatchSize } from '../src/dataset/prediction-batches.js';
import { trainingBatches } from '../src/dataset/training-batches.js';

const tokenizer = Tokenizer.fromVocabulary(buildVocabulary(['笑']));

/** Clips with texts of 1 to 200 characters. */
const random = new Random('clips');
const clips: Annotation[] = Array.from({ length: 150 }, (_, i) => ({
  id: `clip ${i}`,
  title: '笑'.repeat(1 + random.integer(200)),
  asr: '',
  ocr: [],
}));
const labels = clips.map((_, i) => i);

const inputsOf = (text: { maxLength?: number; bucket?: number }) => ({
  tokenizer,
  source: noFrames([4]),
  text: textSchema.parse(text),
  frames: { perClip: 2, sampling: 'uniform' as const },
});

function finetuningBatches(text: { maxLength?: number; bucket?: number }, seed = 0) {
  const inputs = inputsOf(text);
  const maker = classificationBatchMaker(clips, labels, inputs);
  return trainingBatches({ seed, samples: clips.length, batchSize: 8, ...maker });
}

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

const lengths = ({ textMask }: NdArrays) => {
  const [rows, width] = textMask!.shape as [number, number];
  const row = (r: number) => textMask!.data.subarray(r * width, (r + 1) * width) as Int32Array;
  return Array.from({ length: rows }, (_, r) => row(r).reduce((sum, real) => sum + real, 0));
};

describe('batches of fine-tuning', () => {
  it('are of texts of one width, filled up to multiples of 32 by default', async () => {
    const { batches, stepsPerEpoch } = finetuningBatches({});
    const found = await all(batches(0, 0));
    expect(found).toHaveLength(stepsPerEpoch);
    const joined = found.filter((batch) => {
      const width = batch.inputIds!.shape[1]!;
      expect(width % 32).toBe(0);
      expect(Math.max(...lengths(batch))).toBeGreaterThan(width - 32);
      return Math.min(...lengths(batch)) <= width - 32;
    });
    expect(found.length - joined.length).toBeGreaterThan(joined.length);
    expect(joined.length).toBeLessThan(256 / 32);
  });

  it('go on from any number as if they had not stopped', async () => {
    const whole = await all(finetuningBatches({}).batches(3, 0));
    for (const from of [0, 1, 11, whole.length]) {
      expect(await all(finetuningBatches({}).batches(3, from))).toEqual(whole.slice(from));
    }
  });

  it('differ between epochs and between seeds', async () => {
    const labelsOf = async (seed: number, epoch: number) =>
      (await all(finetuningBatches({}, seed).batches(epoch, 0))).map((batch) => [...batch.labels!.data]);
    const first = await labelsOf(0, 0);
    expect(await labelsOf(0, 1)).not.toEqual(first);
    expect(await labelsOf(1, 0)).not.toEqual(first);
  });

  it('are of any texts, filled up to the full width, as the original behaves', async () => {
    const { text } = await loadConfig(finetuneSchema, 'model-1-reference');
    const found = await all(finetuningBatches(text).batches(0, 0));
    for (const { inputIds } of found) expect(inputIds!.shape).toEqual([8, 256]);
    const spread = found.map((batch) => Math.max(...lengths(batch)) - Math.min(...lengths(batch)));
    expect(Math.min(...spread)).toBeGreaterThan(32);
  });
});

describe('batches of the contrast', () => {
  const frames: FrameSource = {
    frameShape: [4, 4, 3],
    has: () => true,
    read: async () => ({ dtype: 'float32', shape: [1, 4, 4, 3], data: new Float32Array(48) }),
  };

  it('are of titles of one width, one variant of a clip an epoch', async () => {
    const config = clipPretrainSchema.parse({
      frames: { perClip: 1 },
      model: { vision: { imageSize: 4, patchSize: 2 } },
    });
    const groups = clips.map((_, i) => `group ${i % 75}`);
    const maker = contrastiveBatchMaker(clips, frames, tokenizer, config);
    const { batches, stepsPerEpoch } = trainingBatches({
      seed: 0,
      samples: 150,
      batchSize: 4,
      groups,
      ...maker,
    });
    const found = await all(batches(0, 0));
    expect(stepsPerEpoch).toBe(18);
    expect(found).toHaveLength(18);
    const widths = new Set(found.map(({ inputIds }) => inputIds!.shape[1]!));
    expect(widths.size).toBeGreaterThan(4);
    for (const width of widths) expect(width % 32).toBe(0);
  });
});

describe('batches of prediction', () => {
  const inputs = inputsOf({});
  const plan = planPrediction(clips, inputs, 64);

  it('hold every clip once, those with long texts first, filled up to what the longest needs', async () => {
    const found = await all(predictionBatches(clips, plan, inputs));
    expect(found.map(({ samples }) => samples.length)).toEqual([64, 64, 22]);
    const order = found.flatMap(({ samples }) => samples);
    expect([...order].sort((a, b) => a - b)).toEqual([...labels]);
    const real = found.flatMap(({ batch, samples }) => lengths(batch).slice(0, samples.length));
    expect(real).toEqual(order.map((clip) => clips[clip]!.title.length + 4));
    expect(real).toEqual([...real].sort((a, b) => b - a));
    for (const { batch } of found) {
      const [rows, width] = batch.inputIds!.shape as [number, number];
      expect(rows).toBe(64);
      expect(width).toBe(Math.ceil(Math.max(...lengths(batch)) / 32) * 32);
    }
    const filled = found[2]!.batch.rowMask!.data as Int32Array;
    expect(filled.reduce((sum, row) => sum + row, 0)).toBe(22);
  });

  it('read the frames of one batch only when it is asked for', async () => {
    const read: string[] = [];
    const none = noFrames([4]);
    const source: FrameSource = {
      ...none,
      read(id, choose) {
        read.push(id);
        return none.read(id, choose);
      },
    };
    const batches = predictionBatches(clips, plan, { ...inputs, source });
    expect(read).toHaveLength(0);
    await batches.next();
    expect(read).toHaveLength(64);
  });

  it('are of 64 clips, or of as many whose frames fit into memory', () => {
    expect(predictionBatchSize([768], 16)).toBe(64);
    expect(predictionBatchSize([64, 64, 3], 4)).toBe(64);
    expect(predictionBatchSize([224, 224, 3], 16)).toBe(13);
    expect(predictionBatchSize([4096, 4096, 3], 16)).toBe(1);
    expect(predictionBatchSize([768], 0)).toBe(64);
  });
});
