import { existsSync } from 'node:fs';
import { readFile, writeFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

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

import { exportSchema, type ExportConfig, type ExportKind } from './export-config.js';

/** An exported model. */
export interface ModelExport<K extends ExportKind = ExportKind> {
  readonly folder: string;
  readonly config: ExportConfig<K>;
  readonly weights: NdArrays;
  /** Of a model that reads texts. */
  readonly tokenizer: Tokenizer | undefined;
  /** A classifier's categories, in the order of its logits. */
  readonly categories: CategoryTable | undefined;
}

/** Writes config.json, model.safetensors, and tokenizer.json and labels.json where there are such; whole or not at all. */
export async function writeExport(
  folder: string,
  config: ExportConfig,
  weights: NdArrays,
  tokenizer?: Tokenizer,
  categories?: readonly string[],
): Promise<void> {
  const unfinished = `${folder}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, 'config.json'), JSON.stringify(config, null, 2) + '\n');
  await writeSafetensors(join(unfinished, 'model.safetensors'), weights);
  await tokenizer?.save(unfinished);
  if (categories)
    await writeFile(join(unfinished, 'labels.json'), JSON.stringify(categories, null, 1) + '\n');
  await writeManifest(unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/**
 * Reads an exported model of one of these kinds, from its folder or from that of the run that exported it.
 *
 * @throws InputError if there is none, or it is damaged
 */
export async function readExport<K extends ExportKind>(
  path: string,
  ...kinds: readonly [K, ...K[]]
): Promise<ModelExport<K>> {
  const folder = findExport(path, kinds);
  const problem = await manifestProblem(folder);
  if (problem !== undefined)
    throw new InputError({ file: folder, found: problem, expected: 'a complete export' });
  const config = await readExportConfig(join(folder, 'config.json'), kinds);
  const tokenizer = join(folder, 'tokenizer.json');
  return {
    folder,
    config,
    weights: await readSafetensors(join(folder, 'model.safetensors')),
    tokenizer: existsSync(tokenizer) ? await Tokenizer.load(tokenizer) : undefined,
    categories: config.kind === 'classifier' ? await loadCategories(join(folder, 'labels.json')) : undefined,
  };
}

/**
 * The tokenizer of a model that reads texts.
 *
 * @throws InputError if the export has none
 */
export function tokenizerOf({ folder, tokenizer }: ModelExport): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new InputError({ file: join(folder, 'tokenizer.json'), found: 'nothing', expected: 'a tokenizer' });
}

async function readExportConfig<K extends ExportKind>(
  file: string,
  kinds: readonly K[],
): Promise<ExportConfig<K>> {
  const value = JSON.parse(await readFile(file, 'utf8')) as { readonly kind?: unknown };
  const kind = kinds.find((name) => name === value.kind);
  if (kind === undefined) {
    const found = value.kind === undefined ? 'nothing: no export of this program' : `'${String(value.kind)}'`;
    throw new InputError({
      file,
      field: 'kind',
      found,
      expected: kinds.map((name) => `'${name}'`).join(' or '),
    });
  }
  const config = exportSchema(kind).safeParse(value);
  if (config.success) return config.data as ExportConfig<K>;
  const issue = config.error.issues[0]!;
  throw new InputError({
    file,
    field: issue.path.join('.'),
    found: issue.message,
    expected: 'a configuration of an export',
  });
}

/** Whether there is an exported model of any kind. */
export function isExport(path: string): boolean {
  return exportIn(path) !== undefined;
}

function exportIn(path: string): string | undefined {
  return [path, join(path, 'export')].find((folder) => existsSync(join(folder, 'config.json')));
}

function findExport(path: string, kinds: readonly ExportKind[]): string {
  const folder = exportIn(path);
  if (folder !== undefined) return folder;
  throw new InputError({
    file: path,
    found: 'no config.json',
    expected: `an export: ${kinds.map((kind) => `'${kind}'`).join(' or ')}`,
  });
}
