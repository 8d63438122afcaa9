import { sessionAddonProblem } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';

export type Mode = 'compiled' | 'eager';

/** The ways in which programs run here; compiled where TensorFlow runs. Starts the backend. */
export async function programModes(): Promise<readonly Mode[]> {
  const { backend } = await startBackend();
  return backend === 'tensorflow' && sessionAddonProblem() === undefined ? ['compiled', 'eager'] : ['eager'];
}
