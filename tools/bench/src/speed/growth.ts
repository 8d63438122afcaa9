import { createProgram, type Program } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';

import { lineChart } from './line-chart.js';
import { prepareWork } from './our-work.js';
import { workPlan, type Extent, type WorkPlan } from './plan.js';
import { median } from './spread.js';

/** Texts of so many tokens, in tokens; the longest is what the original pads to. */
const textLengths = [32, 64, 128, 256];

export interface GrowthPoint {
  /** Of every text of the batch. */
  readonly textLength: number;
  /** Real tokens of a step, frames included. */
  readonly tokens: number;
  /** Of a step, median of the rounds. */
  readonly seconds: number;
}

/** The time of our fine-tuning step (batch 8) on texts of growing length. */
export async function measureGrowth(extent: Extent, rounds: number, threads: number): Promise<GrowthPoint[]> {
  await startBackend();
  const plan = growthPlan(extent);
  const program = createProgram({ mode: 'compiled', intraOpThreads: threads });
  try {
    const seconds = await stepSeconds(program, plan, rounds);
    return plan.batches.map((batch, i) => ({
      textLength: batch[0]!.text,
      tokens: batch.reduce((sum, { text }) => sum + text + plan.sizes.frames, 0),
      seconds: median(seconds[i]!),
    }));
  } finally {
    program.dispose();
  }
}

function growthPlan(extent: Extent): WorkPlan {
  const plan = workPlan('finetuning', extent);
  const lengths = textLengths.filter((length) => length <= plan.sizes.textLength);
  const batches = lengths.map((text) => plan.batches[0]!.map(() => ({ text, title: text, body: text })));
  return { ...plan, batches };
}

/** Of each batch, round by round; the batches take turns. */
async function stepSeconds(program: Program, plan: WorkPlan, rounds: number): Promise<number[][]> {
  const { functionName, inputs } = await prepareWork(program, plan);
  for (const batch of inputs) await program.run(functionName, batch);
  const seconds = inputs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, batch] of inputs.entries()) {
      const started = performance.now();
      await program.run(functionName, batch);
      seconds[i]!.push((performance.now() - started) / 1000);
    }
  }
  return seconds;
}

export function formatGrowth(points: readonly GrowthPoint[]): string {
  const lines = points.map(({ textLength, tokens, seconds }) =>
    [`${textLength}`, `${tokens}`, seconds.toFixed(3), (tokens / seconds).toFixed(0)]
      .map((cell) => cell.padStart(14))
      .join(''),
  );
  const head = ['text tokens', 'tokens a step', 's a step', 'tokens/s'].map((cell) => cell.padStart(14));
  return [head.join(''), ...lines, ''].join('\n');
}

/** The points as an SVG, with the straight line that fits them best. */
export function drawGrowth(points: readonly GrowthPoint[]): string {
  return lineChart({
    title: 'Fine-tuning step, batch 8: time by real tokens',
    x: 'tokens a step, frames included',
    y: 'seconds a step',
    points: points.map(({ tokens, seconds }) => [tokens, seconds] as const),
  });
}
