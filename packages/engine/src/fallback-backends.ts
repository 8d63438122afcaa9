import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);

// tfjs-core alone has no gradients; tfjs registers them. (tfjs-node-gpu loads it as well.)
function registerGradients(): void {
  require('@tensorflow/tfjs');
}

/** Registers tfjs's WASM backend, its binaries taken from the installed package. Gives its version. */
export async function loadWasm(): Promise<string> {
  registerGradients();
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  if (tf.getBackend() !== 'wasm') {
    const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
    wasm.setWasmPaths(join(folder, 'dist') + sep);
  }
  return wasm.version_wasm;
}

/** Registers tfjs's backend in plain JavaScript, without the advice that it prints at its first use. Gives its version. */
export async function loadCpu(): Promise<string> {
  registerGradients();
  const cpu = await import('@tensorflow/tfjs-backend-cpu');
  const backend = tf.findBackend('cpu') as unknown as { firstUse: boolean };
  backend.firstUse = false;
  return cpu.version_cpu;
}
