import { batchesByBucket, batchesInOrder, sampleLengths, type SampleLengths } from './sample-lengths.js';
import { baseSizes, smallSizes, tinySizes, type ModelSizes } from './sizes.js';

/** What is measured; README.md says what each is. */
export const workNames = [
  'products',
  'pretraining',
  'finetuning',
  'end-to-end',
  'two-stream',
  'features',
  'jpeg-features',
  'inference',
  'small-pretraining',
  'encoder',
] as const;

export type WorkName = (typeof workNames)[number];

/** Everything that fixes a piece of work; all sides are told the same. */
export interface WorkPlan {
  readonly work: WorkName;
  readonly sizes: ModelSizes;
  /** The batches of a round, by the lengths of their samples; for images a batch's samples are images. */
  readonly batches: readonly (readonly SampleLengths[])[];
  /** Folder of zipped frames, for `jpeg-features`. */
  readonly frames?: string;
}

/** How much of it a round does: `quick` just shows that it works, `tiny` is for tests. */
export type Extent = 'full' | 'quick' | 'tiny';

/** Where a sample has no text. */
const textless: SampleLengths = { text: 0, title: 0, body: 0 };

/** Those of the small preset's pretraining, all full. */
const smallTexts: SampleLengths = { text: 48, title: 16, body: 32 };

/** Batch size, batches a round, and how they are made, by name. */
const rounds: Readonly<
  Record<WorkName, { size: number; count: number; order: 'bucket' | 'given' | 'equal' }>
> = {
  products: { size: 8, count: 1, order: 'equal' },
  pretraining: { size: 8, count: 4, order: 'given' },
  finetuning: { size: 8, count: 6, order: 'bucket' },
  'end-to-end': { size: 2, count: 4, order: 'bucket' },
  'two-stream': { size: 8, count: 6, order: 'bucket' },
  features: { size: 32, count: 4, order: 'equal' },
  'jpeg-features': { size: 16, count: 8, order: 'equal' },
  inference: { size: 16, count: 6, order: 'bucket' },
  'small-pretraining': { size: 32, count: 8, order: 'equal' },
  encoder: { size: 8, count: 2, order: 'equal' },
};

/** The plan of a piece of work. */
export function workPlan(work: WorkName, extent: Extent = 'full'): WorkPlan {
  const sizes = extent === 'tiny' ? tinySizes : work === 'small-pretraining' ? smallSizes : baseSizes;
  const { size, count, order } = rounds[work];
  const batches = extent === 'full' ? count : Math.min(count, 2);
  const samples = sampleLengths(sizes.textLength);
  const { bucketWidth } = sizes;
  const makers = {
    bucket: () => batchesByBucket(samples, size, batches, bucketWidth),
    given: () => batchesInOrder(samples, size, batches),
    equal: () => equalBatches(work === 'small-pretraining' ? smallTexts : textless, size, batches),
  };
  return { work, sizes: work === 'encoder' ? encoderSizes(sizes) : sizes, batches: makers[order]() };
}

function equalBatches(sample: SampleLengths, size: number, count: number): SampleLengths[][] {
  return Array.from({ length: count }, () => new Array<SampleLengths>(size).fill(sample));
}

/** No more than four layers. */
function encoderSizes(sizes: ModelSizes): ModelSizes {
  return { ...sizes, layers: Math.min(sizes.layers, 4) };
}

/** Real samples of a round. */
export function sampleCount(plan: WorkPlan): number {
  return plan.batches.reduce((sum, batch) => sum + batch.length, 0);
}
