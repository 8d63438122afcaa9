import type { SideResult, WorkResult } from './measure.js';
import { spread, type Spread } from './spread.js';

/** Figures of one side of a piece of work. */
export interface SideFigures {
  /** Median, least and most over the rounds. */
  readonly samplesPerSecond: Spread;
  /** Median; of matrix products on real tokens. */
  readonly gflops: number;
  /** Of the fastest side's bare products; absent where these weren't measured. */
  readonly shareOfProducts?: number;
  /** Processor time over time, median: less than the threads where others used the cores, or something waited. */
  readonly cores: number;
  /** How many times as long as ours it took, round by round; absent for ours, and where ours failed. */
  readonly timesOurs?: Spread;
}

/** The GFLOP/s of the fastest side's bare products, if they were measured. */
export function productGflops(results: readonly WorkResult[]): number | undefined {
  const products = results.find(({ work }) => work === 'products');
  const rates = products?.sides.map(({ seconds }) => products.flops / spread(seconds).median / 1e9) ?? [];
  return rates.length > 0 ? Math.max(...rates) : undefined;
}

/** @param products GFLOP/s of bare products */
export function sideFigures(result: WorkResult, side: SideResult, products: number | undefined): SideFigures {
  const ours = result.sides.find((other) => other.side === 'ours');
  const gflops = result.flops / spread(side.seconds).median / 1e9;
  return {
    samplesPerSecond: spread(side.seconds.map((seconds) => result.samples / seconds)),
    gflops,
    cores: spread(side.cpuSeconds.map((cpu, i) => cpu / side.seconds[i]!)).median,
    ...(products !== undefined && { shareOfProducts: gflops / products }),
    ...(ours &&
      side !== ours && { timesOurs: spread(side.seconds.map((seconds, i) => seconds / ours.seconds[i]!)) }),
  };
}

/** One line a side, then what went wrong. */
export function formatSpeed(results: readonly WorkResult[]): string {
  const products = productGflops(results);
  const lines = results.flatMap((result) =>
    result.sides.map((side, i) => {
      const figures = sideFigures(result, side, products);
      const { median, least, most } = figures.samplesPerSecond;
      return row(
        i === 0 ? result.work : '',
        side.side,
        number(median),
        `${number(least)}-${number(most)}`,
        figures.timesOurs
          ? `${figures.timesOurs.median.toFixed(2)} (${figures.timesOurs.least.toFixed(2)}-${figures.timesOurs.most.toFixed(2)})`
          : '',
        figures.gflops.toFixed(1),
        figures.shareOfProducts === undefined ? '-' : `${(100 * figures.shareOfProducts).toFixed(0)}%`,
        figures.cores.toFixed(2),
        (side.peakBytes / 1e9).toFixed(2),
      );
    }),
  );
  const head = row(
    '',
    '',
    'samples/s',
    'from-to',
    'times ours (from-to)',
    'GFLOP/s',
    'of products',
    'cores',
    'peak GB',
  );
  return [head, ...lines, ...results.flatMap(({ problems }) => problems), ''].join('\n');
}

const number = (value: number) => value.toPrecision(3);
const widths = [-18, -12, 10, 16, 22, 9, 12, 7, 8];
const row = (...cells: string[]) =>
  cells
    .map((cell, i) => (widths[i]! < 0 ? cell.padEnd(-widths[i]!) : cell.padStart(widths[i]!)))
    .join(' ')
    .trimEnd();
