import { existsSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { addonFolder } from '../setup/addon.js';
import { addonsOf, findPackages } from '../setup/packages.js';
import type { Variant } from '../setup/pins.js';
import { buildFor, thisPlatform } from '../setup/platform.js';
import { SetupError } from '../setup/setup-error.js';
import { hasTensorFlow } from '../setup/tensorflow-library.js';

/** How far the set-up of an addon is. `other`: one that this set-up didn't build, or built from other sources. */
export type AddonState = 'ready' | 'missing' | 'not linked' | 'other';

export interface EngineState {
  /** Whether the pinned TensorFlow lies in the cache. */
  readonly library: boolean;
  readonly addons: Readonly<Record<string, AddonState>>;
}

/** What of the engine is in place; undefined on machines where it can't be. */
export async function engineState(cache: string, variant: Variant): Promise<EngineState | undefined> {
  try {
    const build = buildFor(thisPlatform(), variant);
    const addons: Record<string, AddonState> = {};
    for (const addon of addonsOf(findPackages())) {
      const built = join(await addonFolder(cache, addon, build.key), addon.product);
      const link = join(addon.folder, addon.product);
      if (existsSync(built) && (await readlink(link).catch(() => '')) === built) addons[addon.name] = 'ready';
      else if (existsSync(link)) addons[addon.name] = 'other';
      else addons[addon.name] = existsSync(built) ? 'not linked' : 'missing';
    }
    return { library: await hasTensorFlow(cache, build), addons };
  } catch (error) {
    if (error instanceof SetupError) return undefined;
    throw error;
  }
}
