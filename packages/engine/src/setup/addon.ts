import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { findNodeGyp, findNodeHeaders, findPython, requireCompiler } from './build-tools.js';
import { lastLines, runCommand } from './run-command.js';
import { SetupError } from './setup-error.js';

/** A native addon that is built against TensorFlow from a package's sources. */
export interface Addon {
  readonly name: string;
  /** Folder of the package, which has a `binding.gyp`. */
  readonly folder: string;
  /** Whether it calls TensorFlow, which is then put into the package's `deps`. */
  readonly usesTensorFlow: boolean;
  /** Files and folders that the build needs, relative to the package. */
  readonly sources: readonly string[];
  /** The addon that the build makes, relative to the package. */
  readonly product: string;
  /** Folders in which the build's `require` looks for packages. */
  readonly modules: readonly string[];
  /** Variables for gyp; `{folder}` stands for the folder in which the addon is built. */
  readonly variables: Readonly<Record<string, string>>;
}

async function filesOf(addon: Addon): Promise<string[]> {
  const files: string[] = [];
  for (const source of addon.sources) {
    const path = join(addon.folder, source);
    if ((await stat(path)).isFile()) files.push(source);
    else for (const entry of await readdir(path)) files.push(join(source, entry));
  }
  return files.sort();
}

/** The addon's folder in the cache: its name changes with the sources, TensorFlow's build and Node's binary interface. */
export async function addonFolder(cache: string, addon: Addon, tensorFlowKey: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await filesOf(addon))
    hash.update(`${file}\0`).update(await readFile(join(addon.folder, file)));
  const digest = hash.digest('hex').slice(0, 12);
  return join(cache, `${addon.name}-${digest}-node${process.versions.modules}-${tensorFlowKey}`);
}

function gypArguments(addon: Addon, folder: string, python: string): string[] {
  const headers = findNodeHeaders();
  const args = ['rebuild', '--release', '--jobs=max', `--python=${python}`];
  if (headers !== undefined) args.push(`--nodedir=${headers}`);
  for (const [name, value] of Object.entries(addon.variables))
    args.push(`--${name}=${value.replace('{folder}', folder)}`);
  return args;
}

/** Tells what node-gyp's failure means. */
export function explainBuildFailure(name: string, output: string, hasHeaders: boolean): SetupError {
  if (
    !hasHeaders &&
    /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|FetchError|ECONNRESET|download|unable to verify/.test(output)
  ) {
    return new SetupError(
      `Node's headers (include/node) are neither beside ${process.execPath} nor in /usr, and node-gyp couldn't download them.`,
      "use a Node that comes with them (the archives of nodejs.org and nvm's do; on Debian: sudo apt-get install libnode-dev), or set npm_config_nodedir to a folder that has include/node/node.h.",
    );
  }
  return new SetupError(
    `TensorFlow's addon for Node (${name}) couldn't be built:\n${lastLines(output, 15)}`,
    'mend what the compiler reports (it needs C++17: g++ 8 or later) and run the set-up again.',
  );
}

async function buildIn(folder: string, addon: Addon): Promise<void> {
  const python = await findPython();
  await requireCompiler();
  const gyp = findNodeGyp();
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    NODE_PATH: addon.modules.join(delimiter),
  };
  const args = [gyp, ...gypArguments(addon, folder, python)];
  const { status, stdout, stderr } = await runCommand(process.execPath, args, { cwd: folder, env });
  if (status !== 0 || !existsSync(join(folder, addon.product))) {
    throw explainBuildFailure(addon.name, stdout + stderr, findNodeHeaders() !== undefined);
  }
}

// What the compiler made on its way, the product apart.
async function removeIntermediates(folder: string, product: string): Promise<void> {
  const kept = join(folder, 'kept.node');
  await rename(join(folder, product), kept);
  await rm(join(folder, 'build'), { recursive: true, force: true });
  await mkdir(dirname(join(folder, product)), { recursive: true });
  await rename(kept, join(folder, product));
}

/** Builds an addon in the cache, against the TensorFlow that lies beside it; the folder appears complete or not at all. */
export async function buildAddon(addon: Addon, folder: string, tensorFlowKey: string): Promise<void> {
  const cache = dirname(folder);
  const unfinished = join(cache, `tmp-${process.pid}-${addon.name}`);
  await mkdir(unfinished, { recursive: true });
  try {
    for (const source of addon.sources)
      await cp(join(addon.folder, source), join(unfinished, source), { recursive: true });
    await symlink(join('..', tensorFlowKey), join(unfinished, 'deps'));
    await buildIn(unfinished, addon);
    await removeIntermediates(unfinished, addon.product);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}
