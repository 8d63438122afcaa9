import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { startBackend, type BackendReport } from '../backend.js';
import { cacheFolder, freeSpace } from '../setup/cache-folder.js';
import { findGpus, type Gpu } from '../setup/gpu.js';
import { tensorFlowVersion, type Variant } from '../setup/pins.js';
import { thisPlatform } from '../setup/platform.js';
import { rememberedOrDetected } from '../setup/variant.js';
import { engineState, type EngineState } from './engine-state.js';
import { describeMachine, type Machine } from '../machine.js';
import { describeTools, findMissing, type Missing, type Tools } from './requirements.js';

/** All that decides how this machine computes. */
export interface DoctorReport {
  /** The backend that a command would run on here; `null` where the one asked for doesn't start. */
  readonly backend: BackendReport | null;
  /** Why the backend that was asked for doesn't start. */
  readonly failure?: string;
  readonly versions: {
    readonly engine: string;
    readonly node: string;
    readonly tfjs: string;
    /** The pinned one; `backend.version` tells the one that runs. */
    readonly tensorflow: string;
    readonly glibc: string | null;
  };
  readonly machine: Machine;
  readonly gpus: readonly Gpu[];
  readonly cache: { readonly folder: string; readonly freeBytes: number; readonly variant: Variant };
  /** `null` where TensorFlow can't be set up. */
  readonly engine: EngineState | null;
  readonly tools: Tools;
  /** What stands in the way of a set-up that is still to be done. */
  readonly missing: readonly Missing[];
}

async function tryBackend(): Promise<Pick<DoctorReport, 'backend' | 'failure'>> {
  try {
    return { backend: await startBackend() };
  } catch (error) {
    return { backend: null, failure: (error as Error).message };
  }
}

/** Examines this machine and starts the backend, as a command would. Changes nothing on disk. */
export async function doctor(): Promise<DoctorReport> {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  const folder = cacheFolder();
  const variant = await rememberedOrDetected(folder);
  const started = await tryBackend();
  const state = await engineState(folder, variant);
  const isReady = started.backend?.backend === 'tensorflow' && started.backend.compiled;
  return {
    ...started,
    versions: {
      engine: version,
      node: process.versions.node,
      tfjs: tf.version_core,
      tensorflow: tensorFlowVersion,
      glibc: thisPlatform().glibc ?? null,
    },
    machine: describeMachine(),
    gpus: await findGpus(),
    cache: { folder, freeBytes: await freeSpace(folder), variant },
    engine: state ?? null,
    tools: await describeTools(),
    missing: isReady ? [] : await findMissing(folder, variant),
  };
}
