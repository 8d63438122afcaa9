import { writeFile } from 'node:fs/promises';

import { loadAnnotations, type Annotation, type AnnotationOptions } from './annotations.js';
import { FrameError, readFrames, type FrameProblem } from './frame-archive.js';
import { loadFrames } from './image-transform.js';

/** An item that can't be used, or not as it should be. */
export interface QuarantineEntry {
  readonly id: string;
  readonly kind: FrameProblem | 'empty-title';
  readonly message: string;
}

export interface CheckOptions extends AnnotationOptions {
  /** Decode every image too: finds truncated ones, takes longer. Default true. */
  readonly decode?: boolean | undefined;
  readonly onItem?: ((done: number, total: number) => void) | undefined;
}

export interface DatasetCheck {
  readonly items: number;
  readonly problems: readonly QuarantineEntry[];
  /** Problems of each kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Goes over every item of a data set. Malformed annotations throw `InputError`; broken items are listed. */
export async function checkDataset(
  annotationsFile: string,
  framesFolder: string,
  options: CheckOptions = {},
): Promise<DatasetCheck> {
  const annotations = await loadAnnotations(annotationsFile, options);
  const problems: QuarantineEntry[] = [];
  for (const [index, annotation] of annotations.entries()) {
    problems.push(...(await checkItem(annotation, framesFolder, options.decode ?? true)));
    options.onItem?.(index + 1, annotations.length);
  }
  return { items: annotations.length, problems, counts: countKinds(problems) };
}

/** How many entries there are of each kind. */
export function countKinds(problems: readonly QuarantineEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of problems) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Writes the list as JSON: `{counts, items: [{id, kind, message}]}`. */
export async function writeQuarantine(file: string, problems: readonly QuarantineEntry[]): Promise<void> {
  await writeFile(file, `${JSON.stringify({ counts: countKinds(problems), items: problems }, null, 2)}\n`);
}

async function checkItem(
  { id, title }: Annotation,
  framesFolder: string,
  decode: boolean,
): Promise<QuarantineEntry[]> {
  const found: QuarantineEntry[] = [];
  if (title.trim() === '') found.push({ id, kind: 'empty-title', message: `'${id}' has an empty title` });
  try {
    if (decode) await loadFrames(framesFolder, id, { size: 8 });
    else await readFrames(framesFolder, id);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    found.push({ id, kind: error.kind, message: error.message });
  }
  return found;
}
