import type { CatalogueClip } from './catalogue.js';
import { orderByHash, stableHash } from './protocol.js';
import type { Split } from './split.js';

/** The smallest data set that still has two classes with a clip in each part. */
export const fewestClips = 8;
const fewestClasses = 2;
const fewestOfAClass = 2;

/** Takes items from the groups in turn, the first of each, then the second of each, until there are enough. */
function inTurn<T>(groups: readonly (readonly T[])[], want: number): T[] {
  const taken: T[] = [];
  for (let round = 0; taken.length < want; round++) {
    const layer = groups.flatMap((group) => group.slice(round, round + 1));
    if (layer.length === 0) break;
    taken.push(...layer.slice(0, want - taken.length));
  }
  return taken;
}

/**
 * A smaller data set of at most `limit` clips that can still be learned from: fewer classes rather than fewer
 * clips of each. The classes are chosen by hash, labelled and test clips shrink in proportion, and the
 * unlabelled part is filled from the chosen classes first, clips without skin tone before the others.
 */
export function limitSplit<Clip extends CatalogueClip>(
  split: Split<Clip>,
  limit: number,
  splitSeed: number,
): Split<Clip> {
  const total = split.test.length + split.unlabelled.length;
  if (limit >= total) return split;
  const share = limit / total;
  const byHash = orderByHash(split.categories, (category) => stableHash(splitSeed, 'class', category));
  const classCount = Math.max(fewestClasses, Math.ceil(share * byHash.length));
  const kept = byHash.slice(0, classCount);
  const choose = (clips: readonly Clip[]): Set<Clip> => {
    const least = Math.min(fewestOfAClass * classCount, Math.floor(limit / 3));
    const want = Math.max(least, Math.floor(share * clips.length));
    const groups = kept.map((category) => clips.filter((clip) => clip.category === category));
    return new Set(inTurn(groups, want));
  };
  const test = choose(split.test);
  const labelled = choose(split.labelled);

  const rank = (clip: Clip): number => {
    if (labelled.has(clip)) return 0;
    return (kept.includes(clip.category) ? 1 : 3) + (clip.tone.length === 0 ? 0 : 1);
  };
  const shuffled = orderByHash(split.unlabelled, (clip) => stableHash(splitSeed, 'clip', clip.id));
  const unlabelled = new Set(shuffled.sort((a, b) => rank(a) - rank(b)).slice(0, limit - test.size));
  return {
    categories: [...kept].sort(),
    test: split.test.filter((clip) => test.has(clip)),
    labelled: split.labelled.filter((clip) => labelled.has(clip)),
    unlabelled: split.unlabelled.filter((clip) => unlabelled.has(clip)),
  };
}
