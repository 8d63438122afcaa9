import { batchCount, batchesOf, epochOrder, epochSize, Random, type NdArrays } from '@reelbert/data';

export interface BatchPlan {
  readonly seed: number;
  readonly samples: number;
  readonly batchSize: number;
  /** A name for each sample; an epoch takes one sample of each. */
  readonly groups?: readonly string[] | undefined;
  /** Makes the batch of these samples; all it chooses, it draws from `random`. */
  readonly make: (samples: readonly number[], random: Random) => Promise<NdArrays>;
}

export interface TrainingBatches {
  readonly stepsPerEpoch: number;
  /** Samples before what doesn't fill a batch is left out. */
  readonly samplesPerEpoch: number;
  /** The batches of an epoch from number `from` on: functions of seed, epoch and number. */
  readonly batches: (epoch: number, from: number) => AsyncIterable<NdArrays>;
}

/** Shuffled batches of one size; what doesn't fill a batch is left out of the epoch. */
export function trainingBatches({ seed, samples, batchSize, groups, make }: BatchPlan): TrainingBatches {
  return {
    stepsPerEpoch: batchCount(epochSize(samples, groups), batchSize, { dropLast: true }),
    samplesPerEpoch: epochSize(samples, groups),
    async *batches(epoch, from) {
      const order = epochOrder(samples, new Random(seed, 'order', epoch), groups ? { groups } : {});
      const all = batchesOf(order, batchSize, { dropLast: true });
      for (let index = from; index < all.length; index++) {
        yield await make(all[index]!, new Random(seed, 'batch', epoch, index));
      }
    },
  };
}
