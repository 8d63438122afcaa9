import { createProgram, type HostTensors, type Program } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';

import { prepareWork } from './our-work.js';
import { workPlan, type Extent, type WorkPlan } from './plan.js';
import { median } from './spread.js';
import { definePrediction } from './work/models.js';

export interface RecordingReport {
  readonly signatures: number;
  /** To record training and prediction for all of them. */
  readonly recordSeconds: number;
  /** To put the whole graph into the session. */
  readonly loadSeconds: number;
  /** What a signature's first run took beyond its later ones (median of two). */
  readonly firstRuns: readonly { readonly name: string; readonly tokens: number; readonly seconds: number }[];
}

/** Records fine-tuning and prediction at every bucket (eight at base size), then runs each of them. */
export async function measureRecording(extent: Extent, threads: number): Promise<RecordingReport> {
  await startBackend();
  const plan = bucketPlan(extent);
  const program = createProgram({ mode: 'compiled', intraOpThreads: threads });
  try {
    const { functionName, inputs } = await prepareWork(program, plan);
    definePrediction(program, plan);
    const calls = inputs.flatMap((training) => {
      const batch = withoutStepInputs(training);
      return [
        { name: functionName, batch: training },
        { name: 'predict', batch },
      ];
    });
    const recordSeconds = await secondsOf(() => {
      for (const { name, batch } of calls) program.record(name, batch);
    });
    // The session takes over what was added to the graph at its next run, whatever that is.
    const loadSeconds = await secondsOf(() => program.read(['newfc_tag.bias']));
    const firstRuns = [];
    for (const { name, batch } of calls) {
      firstRuns.push({
        name,
        tokens: batch.inputIds!.shape[1]!,
        seconds: await firstRun(program, name, batch),
      });
    }
    return { signatures: inputs.length, recordSeconds, loadSeconds, firstRuns };
  } finally {
    program.dispose();
  }
}

function bucketPlan(extent: Extent): WorkPlan {
  const plan = workPlan('finetuning', extent);
  const { textLength, bucketWidth } = plan.sizes;
  const buckets = Math.floor(textLength / bucketWidth);
  const lengths = Array.from({ length: extent === 'full' ? buckets : 1 }, (_, i) => (i + 1) * bucketWidth);
  return {
    ...plan,
    batches: lengths.map((text) => plan.batches[0]!.map(() => ({ text, title: text, body: text }))),
  };
}

/** A training batch as prediction takes it. */
function withoutStepInputs(training: HostTensors): HostTensors {
  return Object.fromEntries(
    Object.entries(training).filter(([name]) => !['key', 'scheduleFactor'].includes(name)),
  );
}

/** How much longer the first run takes than later ones. */
async function firstRun(program: Program, name: string, batch: HostTensors): Promise<number> {
  const first = await secondsOf(() => program.run(name, batch));
  const later = [
    await secondsOf(() => program.run(name, batch)),
    await secondsOf(() => program.run(name, batch)),
  ];
  return first - median(later);
}

async function secondsOf(body: () => unknown): Promise<number> {
  const started = performance.now();
  await body();
  return (performance.now() - started) / 1000;
}

export function formatRecording(report: RecordingReport): string {
  const { signatures, recordSeconds, loadSeconds, firstRuns } = report;
  return [
    `${signatures} signatures of training and of prediction: ` +
      `recorded in ${recordSeconds.toFixed(2)} s, loaded in ${loadSeconds.toFixed(2)} s`,
    'first run, beyond what later ones take:',
    ...firstRuns.map(({ name, tokens, seconds }) => `  ${name} at ${tokens} tokens: ${seconds.toFixed(2)} s`),
    '',
  ].join('\n');
}
