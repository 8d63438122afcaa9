import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findGpus } from './gpu.js';
import type { Variant } from './pins.js';

/** A choice of TensorFlow's build: `auto` takes CUDA where an NVIDIA GPU is present. */
export type VariantChoice = Variant | 'auto';

const fileIn = (cache: string): string => join(cache, 'variant');

/** The build chosen before, else the one for this machine. */
export async function rememberedOrDetected(cache: string): Promise<Variant> {
  const remembered = (await readFile(fileIn(cache), 'utf8').catch(() => '')).trim();
  if (remembered === 'cpu' || remembered === 'cuda') return remembered;
  return process.arch === 'x64' && (await findGpus()).length > 0 ? 'cuda' : 'cpu';
}

/**
 * The build to set up. A choice is remembered in the cache until another is made, so that a later set-up without one
 * does not go back on it.
 */
export async function chooseVariant(cache: string, choice: VariantChoice | undefined): Promise<Variant> {
  if (choice === 'cpu' || choice === 'cuda') {
    await writeFile(fileIn(cache), choice);
    return choice;
  }
  if (choice === 'auto') await rm(fileIn(cache), { force: true });
  return rememberedOrDetected(cache);
}
