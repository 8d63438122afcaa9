import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { acceptBfloat16 } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { loadKernels } from './kernels.js';
import { nodeProblem, processorProblem, thisPlatform } from './setup/platform.js';

const require = createRequire(import.meta.url);

// What tfjs-node's backend tells of itself.
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

let loaded: { problem: string | undefined } | undefined;

// Written to standard error when the library is loaded; TensorFlow's log level doesn't cover it.
const greeting = /before absl::InitializeLog|oneDNN custom operations are on/;

// Where this package's addon is there, it loads the library and drops the greeting; whatever else was written, stays.
function loadLibraryQuietly(tfjsFolder: string): void {
  try {
    const { loadLibrary } = require('../build/Release/quiet.node') as { loadLibrary(path: string): string };
    const written = loadLibrary(join(tfjsFolder, 'deps', 'lib', 'libtensorflow_framework.so.2'));
    const kept = written.split('\n').filter((line) => line !== '' && !greeting.test(line));
    if (kept.length > 0) process.stderr.write(`${kept.join('\n')}\n`);
  } catch {
    // not set up: tfjs loads the library, greeting and all
  }
}

// TensorFlow reads these when its library is loaded, or its first session is opened: tfjs's, whose threads hold for all.
function prepareEnvironment(threads: number | undefined): void {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // errors only
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'; // tfjs and the compiler's session share one GPU
  if (threads === undefined) return;
  process.env['TF_NUM_INTRAOP_THREADS'] ??= `${threads}`;
  process.env['TF_NUM_INTEROP_THREADS'] ??= `${threads}`;
}

function tfjsFolder(): string | undefined {
  try {
    return dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    return undefined;
  }
}

function load(threads: number | undefined): string | undefined {
  const unfit = nodeProblem(process.versions.node) ?? processorProblem(thisPlatform());
  if (unfit !== undefined) return unfit.problem.replace(/\.$/, '');
  const folder = tfjsFolder();
  if (folder === undefined) return "@tensorflow/tfjs-node-gpu isn't installed";
  if (!existsSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'))) return "TensorFlow isn't set up";
  prepareEnvironment(threads);
  loadLibraryQuietly(folder);
  // The package's loader (node-pre-gyp) takes the program's arguments for its own: a `--dir` would be where it looks.
  const { argv } = process;
  process.argv = argv.slice(0, 2);
  try {
    require('@tensorflow/tfjs-node-gpu');
    acceptBfloat16(tf.findBackend('tensorflow'));
    loadKernels();
    return undefined;
  } catch (error) {
    return `TensorFlow's addon doesn't load (${(error as Error).message.trim().split('\n')[0]})`;
  } finally {
    process.argv = argv;
  }
}

/** Loads TensorFlow into this process, once, to compute with so many threads. Gives what is wrong where that fails. */
export function loadTensorFlow(threads?: number): string | undefined {
  loaded ??= { problem: load(threads) };
  return loaded.problem;
}

/** Version and device of the TensorFlow that is loaded. */
export function tensorFlowStatus(): { version: string; gpu: boolean } {
  const backend = tf.findBackend('tensorflow') as unknown as NodeBackend;
  return { version: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice };
}
