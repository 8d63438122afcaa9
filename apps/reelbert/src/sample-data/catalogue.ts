import { categoryId, conceptOf, normaliseHexcode, titleOf } from './protocol.js';

/** One clip and what is known of it before any split. */
export interface CatalogueClip {
  /** Hexcode in lower case without `fe0f`. */
  readonly id: string;
  /** Id of the emoji without skin tone. */
  readonly base: string;
  readonly concept: string;
  /** Skin tones 1 to 5, one a person; empty for a clip without. */
  readonly tone: readonly number[];
  readonly category: string;
  readonly title: string;
  readonly tags: readonly string[];
}

/** A clip and the file of its animation. */
export interface PackagedClip extends CatalogueClip {
  readonly package: string;
  readonly file: string;
}

/** The fields of an emojibase record that are used here. */
export interface EmojiRecord {
  readonly hexcode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly group?: number;
  readonly subgroup?: number;
  readonly skins?: readonly { readonly hexcode: string; readonly tone: number | readonly number[] }[];
}

export interface PackageListing {
  readonly package: string;
  /** Names of the animations, `1f600.webp`. */
  readonly files: readonly string[];
}

type KnownEmoji = Omit<CatalogueClip, 'id'>;

/** Every emoji that has a category, by id, its toned variants included. */
function knownEmoji(records: readonly EmojiRecord[]): Map<string, KnownEmoji> {
  const known = new Map<string, KnownEmoji>();
  for (const record of records) {
    if (record.group === undefined || record.subgroup === undefined) continue;
    const base = normaliseHexcode(record.hexcode);
    const shared = {
      base,
      concept: conceptOf(base),
      category: categoryId(record.group, record.subgroup),
      title: titleOf(record.label),
      tags: record.tags ?? [],
    };
    known.set(base, { ...shared, tone: [] });
    for (const skin of record.skins ?? []) {
      known.set(normaliseHexcode(skin.hexcode), { ...shared, tone: [skin.tone].flat() });
    }
  }
  return known;
}

/**
 * The animations that have a name, in order of package, then of file name; a name seen before is skipped.
 */
export function buildCatalogue(
  records: readonly EmojiRecord[],
  listings: readonly PackageListing[],
): PackagedClip[] {
  const known = knownEmoji(records);
  const clips = new Map<string, PackagedClip>();
  for (const listing of listings) {
    for (const file of [...listing.files].sort()) {
      const id = normaliseHexcode(file.replace(/\.webp$/, ''));
      const emoji = known.get(id);
      if (emoji === undefined || clips.has(id)) continue;
      clips.set(id, { id, ...emoji, package: listing.package, file });
    }
  }
  return [...clips.values()];
}
