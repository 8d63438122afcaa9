import type { Annotation, CategoryTable } from '@reelbert/data';
import { Tokenizer } from '@reelbert/tokenizer';

import { fingerprintFile, fingerprintFiles, type Fingerprints } from '../stages/fingerprint.js';
import { readGroups, type ClipGroups } from './clip-groups.js';
import { readClips } from './clip-set.js';
import { inDataFolder } from './data-folder.js';

/** Clips, their texts' tokenizer, and the fingerprints of the files that these came from. */
export interface OpenData {
  readonly clips: readonly Annotation[];
  readonly tokenizer: Tokenizer;
  readonly groups: ClipGroups | undefined;
  readonly inputs: Fingerprints;
}

interface DataPaths {
  readonly folder: string | null;
  readonly annotations: readonly string[];
  readonly vocabulary: string;
  readonly groups?: string | null;
}

/**
 * Reads everything of a data set but its frames.
 *
 * @throws InputError for what is missing or malformed; with `labels` also for a clip without a known category
 */
export async function openData(data: DataPaths, labels?: CategoryTable): Promise<OpenData> {
  const vocabulary = await inDataFolder(data.folder, data.vocabulary, 'data.vocabulary');
  const tokenizer = await Tokenizer.load(vocabulary);
  const { clips, files } = await readClips(data.folder, data.annotations, { labels });
  const groups = await readGroups(data.folder, data.groups ?? null);
  const inputs = {
    ...(await fingerprintFiles('annotations', files)),
    vocabulary: await fingerprintFile(vocabulary),
    ...(groups && { groups: await fingerprintFile(groups.file) }),
  };
  return { clips, tokenizer, groups, inputs };
}
