import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { InputError } from '@reelbert/data';
import type { z } from 'zod';

import { isMapping, merge, type Mapping } from './merge.js';
import { override } from './overrides.js';
import { validate, type Source } from './validate.js';
import { readYaml, type Path } from './yaml-document.js';

const presetFolder = fileURLToPath(new URL('../../presets', import.meta.url));

/** Names of the configurations that come with the program. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(presetFolder);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** A configuration before validation: the file's content, on top of what it `extends`. */
export interface RawConfig extends Source {
  readonly value: Mapping;
}

/**
 * Reads a preset by its name, or else a file. A file may say `extends: NAME-OR-FILE`, or name several, which are laid
 * over each other in order, and then holds differences only.
 *
 * @throws InputError if there is neither
 */
export async function readConfig(nameOrFile: string): Promise<RawConfig> {
  const document = await readYaml(await locate(nameOrFile));
  if (document.value !== null && document.value !== undefined && !isMapping(document.value)) {
    throw new InputError({ file: document.file, found: 'no mapping', expected: 'keys and values' });
  }
  const { extends: base, ...own } = (document.value ?? {}) as Mapping;
  if (base === undefined) return { ...document, value: own };
  const bases: unknown[] = Array.isArray(base) ? base : [base];
  let value: Mapping = {};
  for (const name of bases) {
    if (typeof name !== 'string') {
      throw new InputError({
        file: document.file,
        field: 'extends',
        expected: 'the name of a preset or a file, or a list of them',
      });
    }
    value = merge(value, (await readConfig(name)).value);
  }
  return { ...document, value: merge(value, own) };
}

async function locate(nameOrFile: string): Promise<string> {
  const preset = fileURLToPath(new URL(`../../presets/${nameOrFile}.yaml`, import.meta.url));
  if (/^[\w-]+$/.test(nameOrFile) && existsSync(preset)) return preset;
  if (existsSync(nameOrFile)) return nameOrFile;
  throw new InputError({
    field: '--config',
    found: `'${nameOrFile}', which is neither a file nor a preset`,
    expected: `a file, or one of ${(await presetNames()).join(', ')}`,
  });
}

/** Reads a configuration, lays the `--set` settings over it, checks and completes it. */
export async function loadConfig<S extends z.ZodType>(
  schema: S,
  nameOrFile: string,
  settings: readonly string[] = [],
): Promise<z.output<S>> {
  const raw = await readConfig(nameOrFile);
  const value = override(raw.value, settings);
  return validate(schema, value, settings.length > 0 ? withSettings(raw, settings) : raw);
}

// A problem at or under a path that was set is a problem of that setting.
function withSettings(raw: RawConfig, settings: readonly string[]): Source {
  const place = (path: Path) => {
    const dotted = path.map(String).join('.');
    const guilty = settings.findLast((setting) => {
      const set = setting.slice(0, setting.indexOf('='));
      return dotted === set || dotted.startsWith(`${set}.`) || set.startsWith(`${dotted}.`);
    });
    return guilty === undefined ? raw.place?.(path) : `--set ${guilty}`;
  };
  return { file: raw.file, place };
}
