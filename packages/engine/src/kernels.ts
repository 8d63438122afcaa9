import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

let problem: string | undefined = "TensorFlow isn't loaded";

/**
 * Registers this package's operations with the TensorFlow of this process (native/kernels), each of which does in one
 * pass over memory what takes several otherwise. `REELBERT_KERNELS=off` leaves them out.
 */
export function loadKernels(): void {
  if (process.env['REELBERT_KERNELS'] === 'off') {
    problem = 'REELBERT_KERNELS is off';
    return;
  }
  try {
    require('../native/kernels/build/Release/kernels.node');
    problem = undefined;
  } catch (error) {
    problem = `the addon doesn't load (${(error as Error).message.split('\n')[0]})`;
  }
}

/** Why the operations can't be used, or undefined where they can. */
export function kernelsProblem(): string | undefined {
  return problem;
}

/** Whether a backend computes by the operations: on processors, where they are loaded. They don't run on GPUs. */
export function hasKernels(backend: { readonly isUsingGpuDevice: boolean }): boolean {
  return problem === undefined && !backend.isUsingGpuDevice;
}
