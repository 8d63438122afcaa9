import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface PackageFolder {
  readonly folder: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly private?: boolean;
    readonly license: string;
    readonly type: string;
    readonly description: string;
    readonly files?: readonly string[];
    readonly engines?: { readonly node: string };
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly exports?: Readonly<Record<string, unknown>>;
    readonly nx: { readonly name: string; readonly tags: readonly string[] };
  };
}

/** All packages of the workspace, published ones and tools. */
export function packageFolders(): PackageFolder[] {
  return ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => {
      const folder = join(group, name);
      return { folder, manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) };
    }),
  );
}
