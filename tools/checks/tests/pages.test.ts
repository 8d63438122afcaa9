import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, it } from 'vitest';

import { packageFolders, root } from './workspace.js';

const folders = ['.', 'docs', ...packageFolders().map(({ folder }) => folder)];
const pages = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** Files that a page links to or names by their path from the root. */
function named(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => target!);
  const paths = [...text.matchAll(/`((?:packages|apps|tools|docs)\/[\w./-]+)`/g)].map(([, path]) => path!);
  return [
    ...links.filter((target) => !/^\w+:/.test(target)).map((target) => join(dirname(page), target)),
    ...paths,
  ];
}

it.each(pages)('%s names files that there are', (page) => {
  expect(named(page).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
