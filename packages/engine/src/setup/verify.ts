import { runCommand, lastLines } from './run-command.js';
import { SetupError } from './setup-error.js';
import { join } from 'node:path';
import type { Addon } from './addon.js';

/** What TensorFlow said of itself when it was started for a trial. */
export interface Trial {
  readonly version: string;
  readonly gpu: boolean;
}

const program = `
  const { tfjs, addons } = JSON.parse(process.argv[1]);
  const tf = require(tfjs);
  const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
  if (product !== 11) throw new Error('1 * 3 + 2 * 4 came out as ' + product);
  for (const addon of addons) require(addon);
  const backend = tf.backend();
  console.log(JSON.stringify({ version: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice }));
`;

/** Starts TensorFlow in a process of its own, computes something and loads the other addons. */
export async function tryTensorFlow(addons: readonly Addon[], cache: string): Promise<Trial> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const task = {
    tfjs: addons.find((addon) => addon.name === 'tfjs_binding')?.folder,
    addons: addons.map((addon) => join(addon.folder, addon.product)),
  };
  const { status, stdout, stderr } = await runCommand(
    process.execPath,
    ['-e', program, JSON.stringify(task)],
    { env },
  );
  const answer = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0 && answer.startsWith('{')) return JSON.parse(answer) as Trial;
  throw new SetupError(
    `TensorFlow was set up, but doesn't start:\n${lastLines(stderr || stdout)}`,
    `remove ${cache} and run the set-up again; if that doesn't help, report it with the lines above.`,
  );
}
