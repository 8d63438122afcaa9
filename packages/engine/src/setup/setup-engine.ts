import { existsSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addonFolder, buildAddon, type Addon } from './addon.js';
import { findNodeGyp, findPython, requireCompiler } from './build-tools.js';
import { cacheFolder, openCacheFolder } from './cache-folder.js';
import { linkAddon } from './links.js';
import { addonsOf, findPackages, type Packages } from './packages.js';
import { tensorFlowVersion, type TensorFlowBuild, type Variant } from './pins.js';
import { buildFor, thisPlatform } from './platform.js';
import type { OnProgress } from './setup-progress.js';
import { withSetupLock } from './setup-lock.js';
import { hasTensorFlow, installTensorFlow } from './tensorflow-library.js';
import { chooseVariant, type VariantChoice } from './variant.js';
import { tryTensorFlow } from './verify.js';

export interface SetupOptions {
  /** Which build of TensorFlow; left out: the one chosen before, else CUDA where an NVIDIA GPU is present. */
  readonly variant?: VariantChoice;
  /** Told what is being done, for display. */
  readonly onProgress?: OnProgress;
  /** Instead of the usual cache folder. */
  readonly cache?: string;
  /** Instead of the packages that this one uses. */
  readonly packages?: Packages;
}

export interface SetupReport {
  readonly version: string;
  readonly variant: Variant;
  readonly cache: string;
  /** What was done, in words; empty where all was there. */
  readonly done: readonly string[];
  readonly seconds: number;
}

interface Job {
  readonly cache: string;
  readonly build: TensorFlowBuild;
  readonly packages: Packages;
  readonly onProgress: OnProgress;
}

// Whoever holds the lock is alone: what others left unfinished is rubbish.
async function removeUnfinished(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (entry.startsWith('tmp-')) await rm(join(cache, entry), { recursive: true, force: true });
  }
}

async function provideAddon(addon: Addon, folder: string, job: Job): Promise<string[]> {
  const { cache, build, onProgress } = job;
  const done: string[] = [];
  if (!isBuilt(addon, folder)) {
    onProgress({ step: "building TensorFlow's addons for Node" });
    await buildAddon(addon, folder, build.key);
    done.push(`built ${addon.name}`);
  }
  if (await linkAddon(addon, folder, join(cache, build.key))) done.push(`linked ${addon.name}`);
  return done;
}

const isBuilt = (addon: Addon, folder: string): boolean => existsSync(join(folder, addon.product));

// Before anything is fetched.
async function requireBuildTools(): Promise<void> {
  await findPython();
  await requireCompiler();
  findNodeGyp();
}

// The addons with which TensorFlow has been tried and worked.
async function wasTried(cache: string, addons: string): Promise<boolean> {
  return (await readFile(join(cache, 'tried'), 'utf8').catch(() => '')) === addons;
}

async function provideAll(job: Job): Promise<string[]> {
  const { cache, build, packages, onProgress } = job;
  const done: string[] = [];
  await removeUnfinished(cache);
  const addons = addonsOf(packages);
  const folders = await Promise.all(addons.map((addon) => addonFolder(cache, addon, build.key)));
  if (!addons.every((addon, index) => isBuilt(addon, folders[index]!))) await requireBuildTools();
  if (!(await hasTensorFlow(cache, build))) {
    await installTensorFlow(cache, build, onProgress);
    done.push(`installed ${build.key}`);
  }
  // All to their end, whatever becomes of one: the lock is held until nothing runs.
  const provided = addons.map((addon, index) => provideAddon(addon, folders[index]!, job));
  for (const result of await Promise.allSettled(provided)) {
    if (result.status === 'rejected') throw result.reason;
    done.push(...result.value);
  }
  if (done.length === 0 && (await wasTried(cache, folders.join('\n')))) return done;
  onProgress({ step: 'trying TensorFlow' });
  const trial = await tryTensorFlow(addons, cache);
  await writeFile(join(cache, 'tried'), folders.join('\n'));
  done.push(`tried TensorFlow ${trial.version}${trial.gpu ? ' on the GPU' : ''}`);
  return done;
}

/**
 * Gets TensorFlow and builds what connects it with Node, all in the cache folder, then links the installed packages
 * to it. Does nothing where that is done; goes on where an earlier set-up was interrupted; waits for one that runs.
 *
 * @throws SetupError saying what is missing and what to do.
 */
export async function setupEngine(options: SetupOptions = {}): Promise<SetupReport> {
  const started = performance.now();
  const cache = options.cache ?? cacheFolder();
  const onProgress = options.onProgress ?? (() => undefined);
  const platform = thisPlatform();
  buildFor(platform, 'cpu'); // a machine that can't run TensorFlow at all is told so first
  const packages = options.packages ?? findPackages();
  await openCacheFolder(cache);
  const variant = await chooseVariant(cache, options.variant);
  const build = buildFor(platform, variant);
  const onWait = (pid: number): void => onProgress({ step: `waiting for another set-up (process ${pid})` });
  const done = await withSetupLock(cache, onWait, () => provideAll({ cache, build, packages, onProgress }));
  return { version: tensorFlowVersion, variant, cache, done, seconds: (performance.now() - started) / 1000 };
}
