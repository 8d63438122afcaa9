import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { linkAddon } from '../../src/setup/links.js';
import type { Addon } from '../../src/setup/addon.js';
import { temporaryFolder } from '../temporary-folder.js';

async function scene(): Promise<{
  addon: Addon;
  built: string;
  library: string;
  link: () => Promise<boolean>;
}> {
  const root = await temporaryFolder();
  const [folder, built, library] = [join(root, 'package'), join(root, 'built'), join(root, 'library')];
  const addon: Addon = {
    ...{
      name: 'x',
      folder,
      usesTensorFlow: true,
      sources: [],
      product: 'lib/x.node',
      modules: [],
      variables: {},
    },
  };
  for (const path of [folder, join(built, 'lib'), join(library, 'lib'), join(library, 'include')]) {
    await mkdir(path, { recursive: true });
  }
  await writeFile(join(built, 'lib', 'x.node'), 'addon');
  await writeFile(join(library, 'lib', 'libtensorflow.so'), 'new');
  return { addon, built, library, link: () => linkAddon(addon, built, library) };
}

it('links the addon and the library, and does nothing the second time', async () => {
  const { addon, library, link } = await scene();
  expect(await link()).toBe(true);
  expect(await readFile(join(addon.folder, 'lib', 'x.node'), 'utf8')).toBe('addon');
  expect(await readlink(join(addon.folder, 'deps', 'lib'))).toBe(join(library, 'lib'));
  expect(await link()).toBe(false);
});

it("takes the place of the TensorFlow that tfjs's own install script fetched", async () => {
  const { addon, link } = await scene();
  await mkdir(join(addon.folder, 'deps', 'lib'), { recursive: true });
  await writeFile(join(addon.folder, 'deps', 'lib', 'libtensorflow.so'), 'old');
  await mkdir(join(addon.folder, 'lib'));
  await writeFile(join(addon.folder, 'lib', 'x.node'), 'old');
  expect(await link()).toBe(true);
  expect(await readFile(join(addon.folder, 'deps', 'lib', 'libtensorflow.so'), 'utf8')).toBe('new');
  expect(await readFile(join(addon.folder, 'lib', 'x.node'), 'utf8')).toBe('addon');
});

it('changes nothing behind a deps folder that is itself a link', async () => {
  const { addon, library, link } = await scene();
  await symlink(library, join(addon.folder, 'deps'));
  expect(await link()).toBe(true);
  expect(await readFile(join(library, 'lib', 'libtensorflow.so'), 'utf8')).toBe('new');
});
