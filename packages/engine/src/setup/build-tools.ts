import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { runCommand } from './run-command.js';
import { SetupError } from './setup-error.js';

const onDebian = (packages: string): string => `on Debian or Ubuntu: sudo apt-get install ${packages}`;

/** A Python 3 that has pip. */
export async function findPython(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const python = env['PYTHON'] || 'python3';
  const version = await runCommand(python, ['-c', 'import sys; print(sys.version_info >= (3, 8))']);
  if (version.status !== 0 || version.stdout.trim() !== 'True') {
    throw new SetupError(
      `Python 3.8 or later isn't found (tried ${python}); it fetches TensorFlow and drives the build of its addon.`,
      `install Python 3 with pip (${onDebian('python3 python3-pip')}), or set PYTHON to one.`,
    );
  }
  return python;
}

/** Refuses a Python without pip, which does the download. */
export async function requirePip(python: string): Promise<void> {
  const pip = await runCommand(python, ['-m', 'pip', '--version']);
  if (pip.status === 0) return;
  throw new SetupError(
    `${python} has no pip, which fetches TensorFlow from the Python package index.`,
    `install it (${onDebian('python3-pip')}; elsewhere: ${python} -m ensurepip).`,
  );
}

/** Refuses a machine without C++ compiler or make. */
export async function requireCompiler(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const compiler = env['CXX'] || 'g++';
  const tools = [
    [compiler, 'C++ compiler'],
    ['make', 'make'],
  ] as const;
  for (const [command, name] of tools) {
    const { status } = await runCommand(command, ['--version']);
    if (status === 0) continue;
    throw new SetupError(
      `No ${name} is found (tried ${command}); it builds TensorFlow's addon for Node.`,
      `install one (${onDebian('g++ make')}; on Fedora: sudo dnf install gcc-c++ make)${command === compiler ? ', or set CXX' : ''}.`,
    );
  }
}

/**
 * A folder whose `include/node` has Node's headers: the running Node's, as most installations have them, or another
 * one's, since the addons use nothing but Node-API, which is the same in all.
 */
export function findNodeHeaders(
  execPath = process.execPath,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const beside = [execPath, realpathSync(execPath)].map((path) => dirname(dirname(path)));
  const prefixes = [...beside, env['npm_config_nodedir'] ?? '', '/usr/local', '/usr'];
  const needed = ['node.h', 'node_api.h', 'common.gypi'];
  return prefixes.find(
    (prefix) => prefix !== '' && needed.every((file) => existsSync(join(prefix, 'include', 'node', file))),
  );
}

// npm brings node-gyp along; where npm lies differs between installations.
function npmEntries(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'npm'));
  const entries = [
    env['npm_execpath'] ?? '',
    join(dirname(dirname(process.execPath)), 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...onPath,
  ];
  return entries.filter((entry) => entry !== '' && existsSync(entry)).map((entry) => realpathSync(entry));
}

/** The script of node-gyp: one installed beside this package, else npm's own. */
export function findNodeGyp(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['npm_config_node_gyp'];
  if (named && existsSync(named)) return named;
  for (const from of [import.meta.url, ...npmEntries(env)]) {
    try {
      return createRequire(from).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      // not there: try the next place
    }
  }
  throw new SetupError(
    "node-gyp, which comes with npm and builds TensorFlow's addon, isn't found.",
    'install npm beside Node, or node-gyp in your project (npm install node-gyp), and try again.',
  );
}
