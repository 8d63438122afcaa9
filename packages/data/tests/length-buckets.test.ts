import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InputError } from '../src/input-error.js';
import { bucketedBatches } from '../src/length-buckets.js';
import { Random } from '../src/random.js';
import { batchesOf, epochOrder } from '../src/sampler.js';

const epochs = fc.record({
  widths: fc.array(
    fc.integer({ min: 1, max: 8 }).map((bucket) => 32 * bucket),
    { maxLength: 200 },
  ),
  batchSize: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
});

type Epoch = typeof epochs extends fc.Arbitrary<infer T> ? T : never;

const orderOf = ({ widths, seed }: Epoch) => epochOrder(widths.length, new Random(seed, 'order'));
const batchesFor = (epoch: Epoch) =>
  bucketedBatches(orderOf(epoch), epoch.widths, epoch.batchSize, new Random(epoch.seed, 'batches'));

const holds = (property: (epoch: Epoch) => void) => fc.assert(fc.property(epochs, property));

describe('the batches of an epoch by length', () => {
  it('hold every sample at most once, and leave out fewer than make a batch', () => {
    holds((epoch) => {
      const taken = batchesFor(epoch).flat();
      expect(new Set(taken).size).toBe(taken.length);
      for (const sample of taken) expect(epoch.widths[sample]).toBeDefined();
      expect(epoch.widths.length - taken.length).toBeLessThan(epoch.batchSize);
    });
  });

  it('are all full, and as many as without buckets', () => {
    holds((epoch) => {
      const batches = batchesFor(epoch);
      expect(batches).toHaveLength(Math.floor(epoch.widths.length / epoch.batchSize));
      for (const batch of batches) expect(batch).toHaveLength(epoch.batchSize);
    });
  });

  it('are of one width each, but for what is joined at the end: less than a batch a width', () => {
    holds((epoch) => {
      const widthsOf = (batch: number[]) => new Set(batch.map((sample) => epoch.widths[sample]));
      const joined = batchesFor(epoch).filter((batch) => widthsOf(batch).size > 1);
      expect(joined.length).toBeLessThan(Math.max(1, new Set(epoch.widths).size));
      // Every bucket keeps less than a batch for the end.
      for (const width of new Set(epoch.widths)) {
        const samples = joined.flat().filter((sample) => epoch.widths[sample] === width);
        expect(samples.length).toBeLessThan(epoch.batchSize);
      }
    });
  });

  it('join what is left in order of width', () => {
    // Two of width 1, two of 2 and two of 3 make two batches of three.
    const batches = bucketedBatches([0, 1, 2, 3, 4, 5], [3, 1, 2, 1, 3, 2], 3, new Random(1));
    expect(new Set(batches.map((batch) => batch.join()))).toEqual(new Set(['1,3,2', '5,0,4']));
  });

  it('follow from order, widths and key alone', () => {
    holds((epoch) => {
      expect(batchesFor(epoch)).toEqual(batchesFor(epoch));
    });
    const widths = Array.from({ length: 64 }, () => 32);
    const [first, second] = [1, 2].map((seed) => batchesFor({ widths, batchSize: 4, seed }));
    expect(first).not.toEqual(second);
  });

  it('are uniformly random ones where all widths are the same', () => {
    holds(({ widths, batchSize, seed }) => {
      const epoch = { widths: widths.map(() => 256), batchSize, seed };
      const uniform = batchesOf(orderOf(epoch), batchSize, { dropLast: true });
      expect(new Set(batchesFor(epoch).map(String))).toEqual(new Set(uniform.map(String)));
    });
  });

  it('come in random order, not the narrow ones first', () => {
    const widths = Array.from({ length: 320 }, (_, sample) => (sample % 2) + 1);
    const found = batchesFor({ widths, batchSize: 8, seed: 802 }).map((batch) => widths[batch[0]!]!);
    const firstHalf = found.slice(0, 20).filter((width) => width === 1).length;
    expect(firstHalf).toBeGreaterThan(4);
    expect(firstHalf).toBeLessThan(16);
  });

  it('leave out other samples in another epoch', () => {
    const widths = Array.from({ length: 11 }, (_, sample) => (sample < 9 ? 32 : 64));
    const seen = new Set(
      Array.from({ length: 40 }, (_, seed) => batchesFor({ widths, batchSize: 4, seed }).flat()).map(
        (taken) => widths.findIndex((_, sample) => !taken.includes(sample)),
      ),
    );
    expect(seen.size).toBeGreaterThan(5);
  });

  it('pad 1.1 positions a real one at width 32, 1.8 at full width, of texts of 120 tokens or so and 16 frames', () => {
    // Texts of exp(N(ln 120, 0.6)) tokens, from 20 to 256; a position is a token or a frame, and all frames are real.
    const random = new Random(20221123);
    const lengths = Array.from({ length: 2048 }, () =>
      Math.min(Math.max(Math.round(120 * Math.exp(0.6 * random.normal())), 20), 256),
    );
    const paddedShare = (bucket: number) => {
      const widths = lengths.map((length) => Math.ceil(length / bucket) * bucket);
      let [padded, real] = [0, 0];
      for (let seed = 0; seed < 5; seed++) {
        for (const batch of batchesFor({ widths, batchSize: 8, seed })) {
          padded += batch.length * (Math.max(...batch.map((sample) => widths[sample]!)) + 16);
          real += batch.reduce((sum, sample) => sum + lengths[sample]! + 16, 0);
        }
      }
      return padded / real;
    };
    expect(paddedShare(32)).toBeGreaterThan(1.09);
    expect(paddedShare(32)).toBeLessThan(1.13);
    expect(paddedShare(8)).toBeLessThan(1.06);
    expect(paddedShare(256)).toBeGreaterThan(1.75);
  });

  it('are refused for a sample without a width, and for no batch size', () => {
    expect(() => bucketedBatches([0, 3], [8, 8], 1, new Random(1))).toThrow(InputError);
    expect(() => bucketedBatches([0], [8], 0, new Random(1))).toThrow(/batchSize/);
  });
});
