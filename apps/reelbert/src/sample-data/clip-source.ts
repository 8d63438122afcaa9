import type { CatalogueClip } from './catalogue.js';

/** What a long part of the work reports. */
export interface SampleDataProgress {
  readonly stage: 'download' | 'decode' | 'write';
  readonly done: number;
  readonly total: number;
  readonly unit: 'MB' | 'clips';
}

/** A clip's frames as a stored zip. */
export interface ClipArchive {
  readonly id: string;
  readonly archive: Buffer;
}

/** Where clips come from: the downloaded packages or the embedded sample. */
export interface ClipSource {
  readonly clips: readonly CatalogueClip[];
  /** Changes whenever the clips or their frames may. */
  readonly checksum: string;
  /** The frames of these clips, in any order. */
  archives(ids: ReadonlySet<string>): AsyncIterable<ClipArchive>;
}
