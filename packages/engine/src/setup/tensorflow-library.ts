import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPython, requirePip } from './build-tools.js';
import { freeSpace, requireSpace } from './cache-folder.js';
import { fetchWheel, wheelFile } from './download.js';
import type { TensorFlowBuild } from './pins.js';
import { SetupError } from './setup-error.js';
import type { OnProgress } from './setup-progress.js';
import { unzip, type Placement } from './unzip.js';

const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

// tfjs's binding.gyp links with -ltensorflow; the wheel's library has another name and the same C API.
const aliases = [
  ['libtensorflow.so', 'libtensorflow_cc.so.2'],
  ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
] as const;

const placeLibrary: Placement = (name) => {
  const library = libraries.find((file) => name === `tensorflow/${file}`);
  if (library !== undefined) return `lib/${library}`;
  const isHeader = name.startsWith('tensorflow/include/') && !name.startsWith('tensorflow/include/external/');
  return isHeader ? name.slice('tensorflow/'.length) : undefined;
};

// TensorFlow's libraries look for NVIDIA's in ../nvidia/*/lib, seen from themselves; its compiler uses ptxas and libdevice.
const placeCompanion: Placement = (name) =>
  /^nvidia\/\w+\/(lib|bin|nvvm)\//.test(name) && !name.endsWith('.py') ? name : undefined;

interface Receipt {
  readonly sha256: string;
  readonly sizes: Readonly<Record<string, number>>;
}

async function sizesOf(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const library of libraries) sizes[library] = (await stat(join(folder, 'lib', library))).size;
  return sizes;
}

/** Whether a build of TensorFlow lies complete in the cache. */
export async function hasTensorFlow(cache: string, build: TensorFlowBuild): Promise<boolean> {
  const folder = join(cache, build.key);
  try {
    const receipt = JSON.parse(await readFile(join(folder, 'complete.json'), 'utf8')) as Receipt;
    const sizes = await sizesOf(folder);
    return (
      receipt.sha256 === build.library.sha256 &&
      libraries.every((library) => sizes[library] === receipt.sizes[library])
    );
  } catch {
    return false;
  }
}

async function fillFolder(
  folder: string,
  build: TensorFlowBuild,
  files: readonly string[],
  onProgress: OnProgress,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    onProgress({ step: 'unpacking TensorFlow', fraction: index / files.length });
    await unzip(file, folder, index === 0 ? placeLibrary : placeCompanion);
  }
  for (const [alias, library] of aliases) await symlink(library, join(folder, 'lib', alias));
  const receipt: Receipt = { sha256: build.library.sha256, sizes: await sizesOf(folder) };
  await writeFile(join(folder, 'complete.json'), JSON.stringify(receipt));
}

/**
 * Fetches a build of TensorFlow and takes out what Node needs: `lib/`, `include/` and, for CUDA, `nvidia/`. The
 * folder appears complete or not at all; what was fetched before an interruption is used.
 */
export async function installTensorFlow(
  cache: string,
  build: TensorFlowBuild,
  onProgress: OnProgress,
): Promise<void> {
  const python = await findPython();
  await requirePip(python);
  requireSpace(cache, build.space, await freeSpace(cache));
  const wheels = [build.library, ...build.companions];
  const files: string[] = [];
  for (const wheel of wheels) files.push(await fetchWheel(wheel, { cache, python, onProgress }));

  const unfinished = join(cache, `tmp-${process.pid}-${build.key}`);
  await mkdir(unfinished, { recursive: true });
  try {
    await fillFolder(unfinished, build, files, onProgress);
    await rm(join(cache, build.key), { recursive: true, force: true });
    await rename(unfinished, join(cache, build.key));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new SetupError(
      `The disk became full while TensorFlow was unpacked in ${cache}.`,
      'free some space, or set REELBERT_CACHE to a folder on another disk.',
    );
  }
  for (const wheel of wheels) await rm(wheelFile(cache, wheel), { force: true });
}
