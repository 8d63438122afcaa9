import { runCommand, lastLines } from './run-command.js';
import { SetupError } from './setup-error.js';
import type { Packages } from './packages.js';

/** What TensorFlow said of itself when it was started for a trial. */
export interface Trial {
  readonly version: string;
  readonly gpu: boolean;
}

const program = `
  const [tfjs, session] = JSON.parse(process.argv[1]);
  const tf = require(tfjs);
  const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
  if (product !== 11) throw new Error('1 * 3 + 2 * 4 came out as ' + product);
  if (session !== null) require(session);
  const backend = tf.backend();
  console.log(JSON.stringify({ version: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice }));
`;

/** Starts TensorFlow in a process of its own, computes something and loads the compiler's addon. */
export async function tryTensorFlow(
  packages: Packages,
  session: string | null,
  cache: string,
): Promise<Trial> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const args = ['-e', program, JSON.stringify([packages.tfjs, session])];
  const { status, stdout, stderr } = await runCommand(process.execPath, args, { env });
  const answer = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0 && answer.startsWith('{')) return JSON.parse(answer) as Trial;
  throw new SetupError(
    `TensorFlow was set up, but doesn't start:\n${lastLines(stderr || stdout)}`,
    `remove ${cache} and run the set-up again; if that doesn't help, report it with the lines above.`,
  );
}
