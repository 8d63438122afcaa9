import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { nodeProblem } from './setup/platform.js';

const require = createRequire(import.meta.url);

// What tfjs-node's backend tells of itself.
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

let loaded: { problem: string | undefined } | undefined;

// TensorFlow reads these when its library is loaded.
function prepareEnvironment(): void {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // errors only
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'; // tfjs and the compiler's session share one GPU
}

function addonFile(): string | undefined {
  try {
    const folder = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
    return join(folder, 'lib', 'napi-v8', 'tfjs_binding.node');
  } catch {
    return undefined;
  }
}

function load(): string | undefined {
  const wrongNode = nodeProblem(process.versions.node);
  if (wrongNode !== undefined) return wrongNode.problem.replace(/\.$/, '');
  const addon = addonFile();
  if (addon === undefined) return "@tensorflow/tfjs-node-gpu isn't installed";
  if (!existsSync(addon)) return "TensorFlow isn't set up";
  prepareEnvironment();
  try {
    require('@tensorflow/tfjs-node-gpu');
    return undefined;
  } catch (error) {
    return `TensorFlow's addon doesn't load (${(error as Error).message.trim().split('\n')[0]})`;
  }
}

/** Loads TensorFlow into this process, once. Gives what is wrong where that fails. */
export function loadTensorFlow(): string | undefined {
  loaded ??= { problem: load() };
  return loaded.problem;
}

/** Version and device of the TensorFlow that is loaded. */
export function tensorFlowStatus(): { version: string; gpu: boolean } {
  const backend = tf.findBackend('tensorflow') as unknown as NodeBackend;
  return { version: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice };
}
