import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueClip } from '../src/sample-data/catalogue.js';
import { openEmbeddedSource } from '../src/sample-data/embedded-source.js';
import { limitSplit } from '../src/sample-data/limit.js';
import { splitClips, type Split } from '../src/sample-data/split.js';

let clips: readonly CatalogueClip[];
beforeAll(async () => {
  clips = (await openEmbeddedSource()).clips;
});

const split = (splitSeed: number, labelledShare = 0.2) => splitClips(clips, { splitSeed, labelledShare });
const ids = (part: readonly CatalogueClip[]) => part.map(({ id }) => id);
const digest = (part: readonly CatalogueClip[]) =>
  createHash('sha256').update(ids(part).join('\n')).digest('hex').slice(0, 16);
const concepts = (part: readonly CatalogueClip[]) => new Set(part.map(({ concept }) => concept));

function expectNothingCrosses({ test, labelled, unlabelled }: Split): void {
  const tested = concepts(test);
  expect(unlabelled.filter(({ concept }) => tested.has(concept))).toEqual([]);
  const outside = new Set(ids(unlabelled));
  expect(ids(labelled).filter((id) => !outside.has(id))).toEqual([]);
}

describe('split 802', () => {
  it('has the classes and sizes of the protocol', () => {
    const { categories, test, labelled, unlabelled } = split(802);
    expect(categories).toHaveLength(69);
    expect(new Set(categories.map((id) => id.slice(0, 2))).size).toBe(9);
    expect([...categories].sort()).toEqual(categories);
    expect([test.length, labelled.length, unlabelled.length]).toEqual([402, 208, 1406]);
  });

  // The protocol written down once more in Python gives the same lists.
  it('is the same in every language', () => {
    const { test, labelled, unlabelled } = split(802);
    expect([digest(test), digest(labelled), digest(unlabelled)]).toEqual([
      '1b7e4745805fbdce',
      '9b5941f0919cd5f6',
      'c01cce5b939fb817',
    ]);
  });
});

describe.each([0, 1, 2, 802, 20260101])('split %i', (seed) => {
  it('keeps every concept on one side', () => {
    expectNothingCrosses(split(seed));
  });

  it('tests each concept once and labels every class', () => {
    const { categories, test, labelled } = split(seed);
    expect(concepts(test).size).toBe(test.length);
    for (const part of [test, labelled]) {
      expect([...new Set(part.map(({ category }) => category))].sort()).toEqual(categories);
    }
  });
});

describe('choices', () => {
  it('depend on the seed and on nothing else', () => {
    expect(split(802)).toEqual(split(802));
    expect(ids(split(1).test)).not.toEqual(ids(split(802).test));
    expect(split(1).categories).toEqual(split(802).categories);
  });

  it('leave the test alone when more is labelled', () => {
    const [few, all] = [split(802, 0.1), split(802, 1)];
    expect(few.test).toEqual(all.test);
    expect(few.labelled.length).toBeLessThan(split(802).labelled.length);
    const labelled = new Set(ids(all.labelled));
    expect(ids(few.labelled).every((id) => labelled.has(id))).toBe(true);
  });

  it('ignore categories of fewer than eight concepts, which stay unlabelled', () => {
    const { categories, unlabelled } = split(802);
    expect(unlabelled.some(({ category }) => !categories.includes(category))).toBe(true);
  });
});

describe('a limit', () => {
  it.each([8, 12, 50, 300, 1000])('of %i clips keeps two classes or more that can be learned', (limit) => {
    const small = limitSplit(split(802), limit, 802);
    expectNothingCrosses(small);
    expect(new Set(ids([...small.test, ...small.unlabelled])).size).toBe(limit);
    expect(small.categories.length).toBeGreaterThanOrEqual(2);
    for (const part of [small.test, small.labelled]) {
      expect([...new Set(part.map(({ category }) => category))].sort()).toEqual(small.categories);
    }
  });

  it('above the number of clips changes nothing', () => {
    expect(limitSplit(split(802), 5000, 802)).toEqual(split(802));
  });

  it('prefers clips without skin tone', () => {
    const toned = clips.map((clip) => ({ ...clip, id: `${clip.id}-tone`, tone: [1] }));
    const both = splitClips([...toned, ...clips], { splitSeed: 802, labelledShare: 0.2 });
    const small = limitSplit(both, 60, 802);
    const inClasses = small.unlabelled.filter(({ category }) => small.categories.includes(category));
    const plain = inClasses.filter(({ tone }) => tone.length === 0).length;
    expect(plain).toBeGreaterThanOrEqual(inClasses.length / 2);
  });
});
