import { InputError } from '@reelbert/data';
import * as tf from '@tensorflow/tfjs-core';
import { sessionAddonProblem } from '@reelbert/compiler';
import { kernelsProblem } from './kernels.js';
import { loadTensorFlow, tensorFlowStatus } from './tensorflow.js';
import { loadCpu, loadWasm } from './fallback-backends.js';

export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** Which backend runs, and why. */
export interface BackendReport {
  readonly backend: BackendName;
  /** Why this one. */
  readonly reason: string;
  /** What this backend costs, where it isn't TensorFlow or can't run compiled. */
  readonly cost?: string;
  /** What would get a faster one. */
  readonly remedy?: string;
  /** Version of TensorFlow, or of the tfjs backend. */
  readonly version: string;
  /** Whether TensorFlow computes on a GPU. */
  readonly gpu: boolean;
  /** Whether recorded functions can run as one graph (the compiler's addon loads). */
  readonly compiled: boolean;
}

export interface BackendOptions {
  /** `auto` (default) takes the first that works of TensorFlow, WASM and plain JavaScript; the others are taken or fail. */
  readonly backend?: 'auto' | BackendName;
  /**
   * Threads that TensorFlow computes with, for tfjs and compiled programs alike; default: all cores. The environment
   * variables `TF_NUM_INTRAOP_THREADS` and `TF_NUM_INTEROP_THREADS` win, and so do those of the first start in a process.
   */
  readonly threads?: number | undefined;
}

const choices = ['auto', 'tensorflow', 'wasm', 'cpu'] as const;
const setUp = 'run the set-up (reelbert setup, or npx reelbert-engine setup)';
const chooseOther = 'name no backend, or tensorflow: what is set up is then taken';

const costs = {
  wasm: 'computing without TensorFlow, operation by operation in WebAssembly: training takes some 50 to 100 times as long',
  cpu: 'computing without TensorFlow in plain JavaScript: training takes several hundred times as long',
} as const;

function chosenBackend(options: BackendOptions): { backend: 'auto' | BackendName; by: string } {
  if (options.backend !== undefined && options.backend !== 'auto')
    return { backend: options.backend, by: 'it was asked for' };
  const named = process.env['REELBERT_BACKEND'];
  if (!named) return { backend: 'auto', by: '' };
  const backend = choices.find((choice) => choice === named);
  if (backend === undefined)
    throw new InputError({
      field: 'REELBERT_BACKEND',
      found: named,
      expected: `one of ${choices.join(', ')}`,
    });
  return { backend, by: `REELBERT_BACKEND is ${named}` };
}

function slowerBecause(session: string | undefined, kernels: string | undefined) {
  if (session !== undefined)
    return { cost: `steps run operation by operation, about half as fast: ${session}`, remedy: setUp };
  if (kernels !== undefined)
    return {
      cost: `steps take about a fifth longer, without operations of our own: ${kernels}`,
      remedy: setUp,
    };
  return {};
}

async function useTensorFlow(reason: string): Promise<BackendReport> {
  await tf.setBackend('tensorflow');
  const { version, gpu } = tensorFlowStatus();
  const problem = sessionAddonProblem();
  const slower = slowerBecause(problem, gpu ? undefined : kernelsProblem());
  return { backend: 'tensorflow', reason, version, gpu, compiled: problem === undefined, ...slower };
}

async function useFallback(backend: 'wasm' | 'cpu', reason: string, remedy: string): Promise<BackendReport> {
  const version = backend === 'wasm' ? await loadWasm() : await loadCpu();
  if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend of tfjs doesn't start.`);
  return { backend, reason, cost: costs[backend], remedy, version, gpu: false, compiled: false };
}

async function useFirstThatWorks(threads: number | undefined): Promise<BackendReport> {
  const problem = loadTensorFlow(threads);
  if (problem === undefined) return useTensorFlow('TensorFlow is set up');
  try {
    return await useFallback('wasm', problem, setUp);
  } catch (error) {
    return useFallback(
      'cpu',
      `${problem}; the WASM backend doesn't start either (${(error as Error).message})`,
      setUp,
    );
  }
}

/**
 * Starts the tensor backend for this process: TensorFlow where it is set up, else tfjs's WASM backend, else plain
 * JavaScript. A fallback is told in the report (`cost`, `remedy`), which the caller shows. May be called again, also
 * to change the backend.
 *
 * The environment variable `REELBERT_BACKEND` (tensorflow, wasm, cpu) chooses where `backend` doesn't.
 *
 * @throws where the backend that was asked for doesn't start.
 */
export async function startBackend(options: BackendOptions = {}): Promise<BackendReport> {
  const { backend, by } = chosenBackend(options);
  if (backend === 'auto') return useFirstThatWorks(options.threads);
  if (backend !== 'tensorflow') return useFallback(backend, by, chooseOther);
  const problem = loadTensorFlow(options.threads);
  if (problem !== undefined)
    throw new Error(`TensorFlow doesn't start, though ${by}: ${problem}.\n  What to do: ${setUp}.`);
  return useTensorFlow(by);
}
