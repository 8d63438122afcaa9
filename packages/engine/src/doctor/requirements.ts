import {
  findNodeGyp,
  findNodeHeaders,
  findPython,
  requireCompiler,
  requirePip,
} from '../setup/build-tools.js';
import { freeSpace, openCacheFolder, requireSpace } from '../setup/cache-folder.js';
import { findPackages } from '../setup/packages.js';
import { buildFor, thisPlatform } from '../setup/platform.js';
import type { Variant } from '../setup/pins.js';
import { runCommand } from '../setup/run-command.js';
import { SetupError } from '../setup/setup-error.js';

/** Something that the set-up needs and doesn't find. */
export interface Missing {
  readonly problem: string;
  readonly remedy: string;
}

/** What builds the engine, as far as it is there. */
export interface Tools {
  readonly python: string | null;
  readonly pip: string | null;
  readonly compiler: string | null;
  readonly make: string | null;
  readonly nodeGyp: string | null;
  /** Prefix of Node's headers; without them node-gyp downloads them. */
  readonly nodeHeaders: string | null;
}

async function versionOf(command: string, args: readonly string[]): Promise<string | null> {
  const { status, stdout } = await runCommand(command, args);
  return status === 0 ? (stdout.split('\n')[0]?.trim() ?? '') : null;
}

function nodeGypOrNull(): string | null {
  try {
    return findNodeGyp();
  } catch {
    return null;
  }
}

/** The versions of what builds the engine. */
export async function describeTools(): Promise<Tools> {
  const python = process.env['PYTHON'] || 'python3';
  const [pythonVersion, pip, compiler, make] = await Promise.all([
    versionOf(python, ['--version']),
    versionOf(python, ['-m', 'pip', '--version']).then((text) => text?.replace(/ from .*/, '') ?? null),
    versionOf(process.env['CXX'] || 'g++', ['--version']),
    versionOf('make', ['--version']),
  ]);
  return {
    python: pythonVersion,
    pip,
    compiler,
    make,
    nodeGyp: nodeGypOrNull(),
    nodeHeaders: findNodeHeaders() ?? null,
  };
}

/** Everything that stands in the way of a set-up, not only the first thing. */
export async function findMissing(cache: string, variant: Variant): Promise<Missing[]> {
  const checks: (() => unknown)[] = [
    () => buildFor(thisPlatform(), variant),
    () => findPackages(),
    () => openCacheFolder(cache),
    async () => requireSpace(cache, buildFor(thisPlatform(), variant).space, await freeSpace(cache)),
    async () => requirePip(await findPython()),
    () => requireCompiler(),
    () => findNodeGyp(),
  ];
  const missing = new Map<string, Missing>();
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      missing.set(error.problem, { problem: error.problem, remedy: error.remedy });
    }
  }
  return [...missing.values()];
}
