import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Addon } from './addon.js';
import { SetupError } from './setup-error.js';

/** Folders of the packages that get an addon. */
export interface Packages {
  readonly tfjs: string;
  readonly compiler: string;
  readonly engine: string;
}

const require = createRequire(import.meta.url);

/** The packages that this one uses. */
export function findPackages(): Packages {
  const folderOf = (name: string): string => {
    try {
      return dirname(require.resolve(`${name}/package.json`));
    } catch {
      throw new SetupError(
        `The package ${name} isn't installed.`,
        'install again; if its own install script fails, leave the scripts out: npm install --ignore-scripts.',
      );
    }
  };
  return {
    tfjs: folderOf('@tensorflow/tfjs-node-gpu'),
    compiler: folderOf('@reelbert/compiler'),
    engine: dirname(require.resolve('../../package.json')),
  };
}

/** tfjs's own addon. Its binding.gyp expects the variables that node-pre-gyp would give. */
export function tfjsAddon(folder: string): Addon {
  return {
    name: 'tfjs_binding',
    folder,
    usesTensorFlow: true,
    sources: ['package.json', 'binding.gyp', 'binding'],
    product: join('lib', 'napi-v8', 'tfjs_binding.node'),
    modules: [],
    variables: { module_name: 'tfjs_binding', module_path: '{folder}/lib/napi-v8', napi_build_version: '8' },
  };
}

/** The compiler's addon, which runs recorded graphs. */
export function sessionAddon(folder: string): Addon {
  const nodeAddonApi = dirname(
    createRequire(join(folder, 'package.json')).resolve('node-addon-api/package.json'),
  );
  return {
    name: 'session',
    folder,
    usesTensorFlow: true,
    sources: ['binding.gyp', 'native'],
    product: join('build', 'Release', 'session.node'),
    modules: [dirname(nodeAddonApi)],
    variables: { node_addon_api_dir: nodeAddonApi },
  };
}

/** This package's own addon, which loads TensorFlow's library without its greeting. */
export function quietAddon(folder: string): Addon {
  return {
    name: 'quiet',
    folder,
    usesTensorFlow: false,
    sources: ['binding.gyp', join('native', 'quiet.cc')],
    product: join('build', 'Release', 'quiet.node'),
    modules: [],
    variables: {},
  };
}

/** This package's operations for TensorFlow, each of which does in one pass over memory what takes several otherwise. */
export function kernelsAddon(folder: string): Addon {
  return {
    name: 'kernels',
    folder: join(folder, 'native', 'kernels'),
    usesTensorFlow: true,
    sources: ['binding.gyp', 'src'],
    product: join('build', 'Release', 'kernels.node'),
    modules: [],
    variables: {},
  };
}

/** The addons to build. */
export function addonsOf({ tfjs, compiler, engine }: Packages): readonly Addon[] {
  return [tfjsAddon(tfjs), sessionAddon(compiler), quietAddon(engine), kernelsAddon(engine)];
}
