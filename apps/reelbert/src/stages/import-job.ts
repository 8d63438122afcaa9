import type { NdArrays } from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { ExportConfig } from './export-config.js';
import type { SourceLayout } from './import-origin.js';

/** What a model is imported as. */
export const importTargets = ['bert', 'clip', 'visual-bert', 'lxmert'] as const;

export type ImportTarget = (typeof importTargets)[number];

/** What `reelbert import` is asked to do. */
export interface ImportJob {
  /** A folder, or a repository's id. */
  readonly from: string;
  readonly as: ImportTarget;
  /** The export's folder. */
  readonly out: string;
  readonly revision?: string | undefined;
  readonly offline?: boolean | undefined;
  /** vocab.txt, tokenizer.json or a folder with one of them, where the model's folder has none. */
  readonly tokenizer?: string | undefined;
  /** Draws what the imported weights lack. */
  readonly seed: number;
  /** The original's choices instead of the defaults, for a model around an imported BERT. */
  readonly reference: boolean;
  /** Width of the frames' features, for a model around an imported BERT. */
  readonly frameDim?: number | undefined;
  readonly normalisation?: 'imagenet' | 'clip' | undefined;
  readonly shortSide?: number | undefined;
  readonly shrinkOnLoad?: boolean | undefined;
}

/** An imported model, ready to be written. */
export interface Imported {
  readonly config: ExportConfig;
  readonly weights: NdArrays;
  readonly tokenizer?: Tokenizer | undefined;
  readonly categories?: readonly string[] | undefined;
  /** What export needs to give back the files as they were. */
  readonly layout?: SourceLayout;
  /** What the user should know. */
  readonly notes: readonly string[];
}
