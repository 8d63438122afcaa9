import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { packageFolders, root } from './workspace.js';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

describe.each(packageFolders())('$folder', ({ folder, manifest }) => {
  it('is named as its folder, under MIT, as an ES module, with tags for its layer', () => {
    const name = folder.split('/')[1]!;
    expect(manifest).toMatchObject({
      name: `@reelbert/${name}`,
      license: 'MIT',
      type: 'module',
      nx: { name },
    });
    expect(manifest.nx.tags.some((tag) => tag.startsWith('layer:'))).toBe(true);
  });

  it('pins its dependencies exactly', () => {
    for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it.skipIf(!existsSync(join(root, folder, 'tsconfig.json')))('is built after what it imports', () => {
    const own = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@reelbert/'));
    const built = [...read(join(folder, 'tsconfig.json')).matchAll(/"path": "\.\.\/\.\.\/\w+\/([\w-]+)"/g)];
    expect(built.map(([, name]) => `@reelbert/${name}`).sort()).toEqual(own.sort());
  });

  it.skipIf(manifest.private)('has what every published package has', () => {
    expect(manifest.engines?.node).toBe('>=20.19 <23');
    expect(manifest.description).toMatch(/\.$/);
    expect(manifest.exports).toMatchObject({
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    });
    for (const file of ['README.md', 'CHANGELOG.md', 'tsconfig.json', 'src/index.ts']) {
      expect(existsSync(join(root, folder, file)), file).toBe(true);
    }
    for (const file of manifest.files!.filter((name) => name !== 'dist')) {
      expect(existsSync(join(root, folder, file)), file).toBe(true);
    }
    expect(read(join(folder, 'README.md'))).toContain('## ');
    expect(read(join(folder, 'CHANGELOG.md'))).toContain(`## ${manifest.version}`);
  });

  it('is in the README and built by the root configuration', () => {
    expect(read('README.md')).toContain(`${folder}`);
    if (existsSync(join(root, folder, 'src'))) expect(read('tsconfig.json')).toContain(`"${folder}"`);
  });
});

describe('the compiler', () => {
  it('shows in its README the example that it ships', () => {
    const example = read('packages/compiler/README.md').split('```js\n')[1]!.split('```')[0];
    expect(example).toBe(read('packages/compiler/examples/train.mjs'));
  });
});
