// nx run bench:profile --work NAME: where the time and memory of one of our steps go, by operation and by node.
import { createProgram } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import { prepareWork } from './speed/our-work.js';
import { workNames, workPlan } from './speed/plan.js';
import { formatProfile } from './speed/profile-table.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:profile')
  .usage("Where the time and memory of one of our steps go; 'first' ones are recorded and warmed up before")
  .option('work', { choices: workNames, default: 'finetuning' as const, describe: 'which step' })
  .option('batch', { type: 'number', describe: "which of the plan's batches; default: the middle one" })
  .option('nodes', { type: 'number', default: 25, describe: 'how many single nodes to list' })
  .strict()
  .parse();

await startBackend();
const plan = workPlan(options.work);
const program = createProgram({ mode: 'compiled' });
const { functionName, inputs } = await prepareWork(program, plan);
const batch = inputs[options.batch ?? Math.floor(inputs.length / 2)];
if (!batch) throw new RangeError(`--batch ${options.batch}: there are ${inputs.length}`);
for (let i = 0; i < 2; i++) await program.run(functionName, batch);
const started = performance.now();
await program.run(functionName, batch);
const seconds = (performance.now() - started) / 1000;
const records = await program.profile(functionName, batch);
process.stdout.write(`${options.work}: ${seconds.toFixed(3)} s a step unobserved\n\n`);
process.stdout.write(formatProfile(records, options.nodes));
program.dispose();
