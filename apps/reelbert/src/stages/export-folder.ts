import { readFile, writeFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { clipVisionConfigSchema, contrastiveConfigSchema } from '@reelbert/clip-features';
import {
  InputError,
  loadCategories,
  readSafetensors,
  writeSafetensors,
  type CategoryTable,
  type NdArrays,
} from '@reelbert/data';
import { Tokenizer } from '@reelbert/tokenizer';
import { manifestProblem, writeManifest } from '@reelbert/trainer';
import { visualBertConfigSchema } from '@reelbert/visual-bert';
import { z } from 'zod';

import { framesSchema, imagesSchema, textSchema } from '../config/data-config.js';

const inputs = { text: textSchema, frames: framesSchema };

/** config.json of an exported model: what it is, and how its inputs are made. */
const exportSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('clip'),
    model: contrastiveConfigSchema,
    images: imagesSchema,
    ...inputs,
  }),
  z.strictObject({ kind: z.literal('pretraining'), model: visualBertConfigSchema, ...inputs }),
  z.strictObject({
    kind: z.literal('classifier'),
    model: visualBertConfigSchema,
    modality: z.enum(['both', 'text', 'frames']),
    input: z.enum(['features', 'pixels']),
    vision: clipVisionConfigSchema.nullable(),
    images: imagesSchema,
    ...inputs,
  }),
]);

export type ExportConfig = z.output<typeof exportSchema>;
export type ExportKind = ExportConfig['kind'];

/** An exported model. */
export interface ModelExport<K extends ExportKind = ExportKind> {
  readonly folder: string;
  readonly config: Extract<ExportConfig, { kind: K }>;
  readonly weights: NdArrays;
  readonly tokenizer: Tokenizer;
  /** A classifier's categories, in the order of its logits. */
  readonly categories: CategoryTable | undefined;
}

/** Writes config.json, model.safetensors, tokenizer.json and, for a classifier, labels.json; whole or not at all. */
export async function writeExport(
  folder: string,
  config: ExportConfig,
  weights: NdArrays,
  tokenizer: Tokenizer,
  categories?: readonly string[],
): Promise<void> {
  const unfinished = `${folder}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, 'config.json'), JSON.stringify(config, null, 2) + '\n');
  await writeSafetensors(join(unfinished, 'model.safetensors'), weights);
  await tokenizer.save(unfinished);
  if (categories)
    await writeFile(join(unfinished, 'labels.json'), JSON.stringify(categories, null, 1) + '\n');
  await writeManifest(unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/**
 * Reads an exported model, from its folder or from that of the run that exported it.
 *
 * @throws InputError if there is none of this kind, or it is damaged
 */
export async function readExport<K extends ExportKind>(path: string, kind: K): Promise<ModelExport<K>> {
  const folder = await findExport(path, kind);
  const problem = await manifestProblem(folder);
  if (problem !== undefined)
    throw new InputError({ file: folder, found: problem, expected: 'a complete export' });
  const file = join(folder, 'config.json');
  const config = exportSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!config.success) {
    const issue = config.error.issues[0]!;
    throw new InputError({
      file,
      field: issue.path.join('.'),
      found: issue.message,
      expected: 'a configuration of an export',
    });
  }
  if (config.data.kind !== kind) {
    throw new InputError({ file, field: 'kind', found: `'${config.data.kind}'`, expected: `'${kind}'` });
  }
  const labels = kind === 'classifier' ? await loadCategories(join(folder, 'labels.json')) : undefined;
  return {
    folder,
    config: config.data as Extract<ExportConfig, { kind: K }>,
    weights: await readSafetensors(join(folder, 'model.safetensors')),
    tokenizer: await Tokenizer.load(join(folder, 'tokenizer.json')),
    categories: labels,
  };
}

async function findExport(path: string, kind: ExportKind): Promise<string> {
  for (const folder of [path, join(path, 'export')]) {
    const there = await readFile(join(folder, 'config.json')).catch(() => undefined);
    if (there) return folder;
  }
  throw new InputError({
    file: path,
    found: 'no config.json',
    expected: `the export of a finished '${kind}' run`,
  });
}
