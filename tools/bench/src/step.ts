// nx run bench:step: the small configuration's pretraining step, compiled against op by op, in turn in one process.
import { startBackend } from '@reelbert/engine';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import { pretrainingSteps, smallWorkload } from './pretraining-workload.js';

const { rounds, steps } = await yargs(hideBin(process.argv))
  .scriptName('bench:step')
  .option('rounds', { type: 'number', default: 5, describe: 'how often each mode has its turn' })
  .option('steps', { type: 'number', default: 10, describe: 'steps a turn' })
  .strict()
  .parse();

const report = await startBackend();
const modes = ['compiled', 'eager'] as const;
const arms = await Promise.all(modes.map((mode) => pretrainingSteps(smallWorkload, mode)));
for (const arm of arms) for (let i = 0; i < 3; i++) await arm.run(); // recording and warm-up

const times = modes.map((): number[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [i, arm] of arms.entries()) {
    const started = performance.now();
    for (let step = 0; step < steps; step++) await arm.run();
    times[i]!.push((performance.now() - started) / steps);
  }
}
for (const arm of arms) arm.dispose();

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const ratios = times[0]!.map((compiled, round) => times[1]![round]! / compiled);
console.log(`backend ${report.backend}, TensorFlow ${report.version}; ${rounds} rounds of ${steps} steps`);
console.log(`small configuration: ${JSON.stringify(smallWorkload)}`);
modes.forEach((mode, i) =>
  console.log(`${mode.padEnd(8)} ${median(times[i]!).toFixed(1)} ms a step (median of rounds)`),
);
console.log(
  `ratio    ${median(ratios).toFixed(2)} (eager / compiled, median; from ${Math.min(...ratios).toFixed(2)})`,
);
