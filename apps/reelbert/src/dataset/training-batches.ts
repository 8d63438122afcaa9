import {
  batchCount,
  batchesOf,
  bucketedBatches,
  epochOrder,
  epochSize,
  Random,
  type NdArrays,
} from '@reelbert/data';

/** How the batches of a stage come about. */
export interface BatchMaker {
  /** Makes the batch of these samples; all it chooses, it draws from `random`. */
  readonly make: (samples: readonly number[], random: Random) => Promise<NdArrays>;
  /**
   * What each sample's text is filled up to: batches are of samples of one width as far as possible. Where absent they are
   * of any samples.
   */
  readonly widths?: readonly number[];
}

export interface BatchPlan extends BatchMaker {
  readonly seed: number;
  readonly samples: number;
  readonly batchSize: number;
  /** A name for each sample; an epoch takes one sample of each. */
  readonly groups?: readonly string[] | undefined;
}

export interface TrainingBatches {
  readonly stepsPerEpoch: number;
  /** Samples before what doesn't fill a batch is left out. */
  readonly samplesPerEpoch: number;
  /** The batches of an epoch from number `from` on: functions of seed, epoch and number. */
  readonly batches: (epoch: number, from: number) => AsyncIterable<NdArrays>;
}

/** Random batches of one size; what doesn't fill a batch is left out of the epoch. */
export function trainingBatches(plan: BatchPlan): TrainingBatches {
  const { seed, samples, batchSize, groups, make } = plan;
  return {
    stepsPerEpoch: batchCount(epochSize(samples, groups), batchSize, { dropLast: true }),
    samplesPerEpoch: epochSize(samples, groups),
    async *batches(epoch, from) {
      const all = samplesOfBatches(plan, epoch);
      for (let index = from; index < all.length; index++) {
        yield await make(all[index]!, new Random(seed, 'batch', epoch, index));
      }
    },
  };
}

function samplesOfBatches(
  { seed, samples, batchSize, groups, widths }: BatchPlan,
  epoch: number,
): number[][] {
  const order = epochOrder(samples, new Random(seed, 'order', epoch), groups ? { groups } : {});
  return widths
    ? bucketedBatches(order, widths, batchSize, new Random(seed, 'buckets', epoch))
    : batchesOf(order, batchSize, { dropLast: true });
}
