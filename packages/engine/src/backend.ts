import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** Which backend runs, and why. */
export interface BackendReport {
  readonly backend: BackendName;
  readonly reason: string;
  /** What running on this backend costs, where it isn't TensorFlow. */
  readonly cost?: string;
  readonly version: string;
  readonly gpu: boolean;
  /** Whether the compiler's addon is there. */
  readonly compiled: boolean;
}

export interface BackendOptions {
  readonly backend?: 'auto' | BackendName;
}

const require = createRequire(import.meta.url);

async function startWasm(): Promise<void> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(
    join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + '/',
  );
}

async function startCpu(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu');
}

function startTensorFlow(): void {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  require('@tensorflow/tfjs-node-gpu');
}

/** Starts the tensor backend. */
export async function startBackend(options: BackendOptions = {}): Promise<BackendReport> {
  const backend =
    options.backend === undefined || options.backend === 'auto' ? 'tensorflow' : options.backend;
  if (backend === 'tensorflow') startTensorFlow();
  else if (backend === 'wasm') await startWasm();
  else await startCpu();
  await tf.setBackend(backend);
  await tf.ready();
  return { backend, reason: 'it was asked for', version: '', gpu: false, compiled: false };
}
