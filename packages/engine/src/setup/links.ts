import { lstat, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Addon } from './addon.js';
import { SetupError } from './setup-error.js';

async function pointsTo(path: string, target: string): Promise<boolean> {
  return (await readlink(path).catch(() => undefined)) === target;
}

async function replaceByLink(path: string, target: string): Promise<void> {
  const fresh = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, fresh);
    const present = await lstat(path).catch(() => undefined);
    // A folder that tfjs's own install script filled with an older TensorFlow; a rename replaces anything else.
    if (present?.isDirectory()) await rm(path, { recursive: true });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new SetupError(
      `${path} can't be linked to the engine (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
      'run the set-up as the user who installed the packages.',
    );
  }
}

// A `deps` made by hand may itself be a link; what lies behind it is not to be changed.
async function removeLink(path: string): Promise<void> {
  const present = await lstat(path).catch(() => undefined);
  if (present?.isSymbolicLink()) await rm(path);
}

/**
 * Makes a package find its addon and TensorFlow in the cache. Reinstalling packages removes these links, nothing else.
 * @returns whether any link had to be made.
 */
export async function linkAddon(addon: Addon, built: string, tensorFlow: string): Promise<boolean> {
  const library = ['lib', 'include'].map(
    (part) => [join(addon.folder, 'deps', part), join(tensorFlow, part)] as const,
  );
  const product = [join(addon.folder, addon.product), join(built, addon.product)] as const;
  let changed = false;
  for (const [path, target] of addon.usesTensorFlow ? [...library, product] : [product]) {
    if (await pointsTo(path, target)) continue;
    if (!changed) await removeLink(join(addon.folder, 'deps'));
    await replaceByLink(path, target);
    changed = true;
  }
  return changed;
}
