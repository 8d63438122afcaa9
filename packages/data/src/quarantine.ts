import { availableParallelism } from 'node:os';

import {
  loadAnnotations,
  type Annotation,
  type AnnotationOptions,
  type AnnotationProblem,
} from './annotations.js';
import { writeAtomically } from './atomic-file.js';
import { FrameError, readFrames, type FrameProblem } from './frame-archive.js';
import { loadFrames } from './frame-loading.js';

/** An item that can't be used, or not as it should be. */
export interface QuarantineEntry {
  readonly id: string;
  readonly kind: AnnotationProblem | FrameProblem | 'empty-title';
  readonly message: string;
}

export interface CheckOptions extends Omit<AnnotationOptions, 'onProblem'> {
  /** Decode every image too: finds truncated ones, takes longer. Default true. */
  readonly decode?: boolean | undefined;
  /** What an empty title is, which models take: a problem (the default), a warning, or nothing. */
  readonly emptyTitle?: 'problem' | 'warning' | 'accept' | undefined;
  readonly onItem?: ((done: number, total: number) => void) | undefined;
}

export interface DatasetCheck {
  readonly items: number;
  /** Problems in the order of the items; those of the annotations themselves first. */
  readonly problems: readonly QuarantineEntry[];
  /** Problems of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What should be looked at but is no problem. */
  readonly warnings: readonly QuarantineEntry[];
}

/**
 * Goes over every item of a data set and lists what can't be used.
 *
 * @throws InputError if the annotations are missing, or no JSON array
 */
export async function checkDataset(
  annotationsFile: string,
  framesFolder: string,
  options: CheckOptions = {},
): Promise<DatasetCheck> {
  const { decode = true, emptyTitle = 'problem', onItem } = options;
  const problems: QuarantineEntry[] = [];
  const annotations = await loadAnnotations(annotationsFile, {
    ...options,
    onProblem: ({ id, kind, message }) => problems.push({ id, kind, message }),
  });
  const items = annotations.length + problems.length;
  let done = problems.length;
  const frameProblems = await mapConcurrently(annotations, async ({ id }) => {
    const problem = await checkFrames(id, framesFolder, decode);
    onItem?.(++done, items);
    return problem;
  });
  const untitled = annotations.map(emptyTitleOf);
  annotations.forEach((_, i) => {
    if (emptyTitle === 'problem' && untitled[i]) problems.push(untitled[i]);
    if (frameProblems[i]) problems.push(frameProblems[i]);
  });
  const warnings = emptyTitle === 'warning' ? untitled.filter((entry) => entry !== undefined) : [];
  return { items, problems, counts: countKinds(problems), warnings };
}

/** How many entries there are of each kind. */
export function countKinds(problems: readonly QuarantineEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of problems) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Writes the list as JSON, whole or not at all: `{counts, items: [{id, kind, message}]}`. */
export async function writeQuarantine(file: string, problems: readonly QuarantineEntry[]): Promise<void> {
  const text = `${JSON.stringify({ counts: countKinds(problems), items: problems }, null, 2)}\n`;
  await writeAtomically(file, (handle) => handle.writeFile(text));
}

function emptyTitleOf({ id, title }: Annotation): QuarantineEntry | undefined {
  if (title.trim() !== '') return undefined;
  return { id, kind: 'empty-title', message: `'${id}' has an empty title` };
}

async function checkFrames(
  id: string,
  framesFolder: string,
  decode: boolean,
): Promise<QuarantineEntry | undefined> {
  try {
    if (decode) await loadFrames(framesFolder, id, { size: 8 });
    else await readFrames(framesFolder, id);
    return undefined;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { id, kind: error.kind, message: error.message };
  }
}

/** Results in the order of the items, a few of which are worked on at a time. */
async function mapConcurrently<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
