import type { CatalogueClip } from './catalogue.js';
import { orderByHash, roundHalfToEven, stableHash } from './protocol.js';

const fewestConcepts = 8;
const mostConcepts = 60;
const testShare = 0.3;

export interface SplitOptions {
  readonly splitSeed: number;
  /** Share of each class's pool of concepts that keeps its labels, above 0, at most 1. */
  readonly labelledShare: number;
}

/** A data set's three parts. No concept is both in the test and in another part. */
export interface Split<Clip extends CatalogueClip = CatalogueClip> {
  /** Ids of the classes, ascending. */
  readonly categories: readonly string[];
  /** One clip without skin tone of each test concept. */
  readonly test: readonly Clip[];
  /** All clips without skin tone of the labelled concepts; they are among the unlabelled too. */
  readonly labelled: readonly Clip[];
  /** Every clip whose concept is not in the test, tones and small categories included. */
  readonly unlabelled: readonly Clip[];
}

/** Categories with at least eight concepts, ascending, and their concepts in an order that the seed decides. */
function classesOf(clips: readonly CatalogueClip[], seed: number): Map<string, string[]> {
  const concepts = new Map<string, Set<string>>();
  for (const { category, concept } of clips) {
    const known = concepts.get(category);
    if (known === undefined) concepts.set(category, new Set([concept]));
    else known.add(concept);
  }
  const classes = new Map<string, string[]>();
  for (const category of [...concepts.keys()].sort()) {
    const members = concepts.get(category) ?? new Set();
    if (members.size < fewestConcepts) continue;
    const ordered = orderByHash(members, (concept) => stableHash(seed, concept));
    classes.set(category, ordered.slice(0, mostConcepts));
  }
  return classes;
}

/** Splits the clips by concept. Equal seeds give equal splits; the order of the clips is kept in every part. */
export function splitClips<Clip extends CatalogueClip>(
  clips: readonly Clip[],
  { splitSeed, labelledShare }: SplitOptions,
): Split<Clip> {
  const classes = classesOf(clips, splitSeed);
  const testConcepts = new Set<string>();
  const labelledConcepts = new Set<string>();
  for (const concepts of classes.values()) {
    const testSize = roundHalfToEven(testShare * concepts.length);
    const pool = concepts.slice(testSize);
    const labelledSize = Math.max(1, roundHalfToEven(labelledShare * pool.length));
    for (const concept of concepts.slice(0, testSize)) testConcepts.add(concept);
    for (const concept of pool.slice(0, labelledSize)) labelledConcepts.add(concept);
  }
  const plain = clips.filter((clip) => clip.tone.length === 0);
  const seen = new Set<string>();
  return {
    categories: [...classes.keys()],
    test: plain.filter(({ concept }) => {
      if (!testConcepts.has(concept) || seen.has(concept)) return false;
      seen.add(concept);
      return true;
    }),
    labelled: plain.filter((clip) => labelledConcepts.has(clip.concept)),
    unlabelled: clips.filter((clip) => !testConcepts.has(clip.concept)),
  };
}
