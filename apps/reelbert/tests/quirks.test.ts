import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { presetNames } from '../src/config/presets.js';

const root = new URL('../../../', import.meta.url);
const page = await readFile(new URL('docs/quirks.md', root), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| [RB] /.test(line))
  .map((line) => line.split(' | '));

describe('the table of quirks', () => {
  it('has a place, a setting, a default and a proof for each', () => {
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) expect(row).toHaveLength(6);
  });

  it('names tests that exist', () => {
    const proofs = rows.flatMap((row) => [...row[5]!.matchAll(/`([a-z-]+)\/([a-z0-9-]+)`/g)]);
    expect(proofs.length).toBeGreaterThan(60);
    for (const [, owner, test] of proofs) {
      const folder = owner === 'reelbert' ? 'apps' : 'packages';
      const file = new URL(`${folder}/${owner}/tests/${test}.test.ts`, root);
      expect(existsSync(file), fileURLToPath(file)).toBe(true);
    }
  });

  it('has every one of the numbered quirks', () => {
    for (let number = 1; number <= 25; number++) expect(page).toMatch(new RegExp(`Q${number}\\b`));
  });

  it('names presets that exist', async () => {
    const names = await presetNames();
    for (const [, name] of page.matchAll(/`((?:base|model|reference)-[a-z0-9-]+)`/g))
      expect(names).toContain(name);
  });
});
