// A golden set on disk. Remembers what was looked at, so that nothing in it is left out unnoticed.
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { InputError, readSafetensors, type NdArray, type NdArrays } from '@reelbert/data';
import type { z } from 'zod';

import { findDigestTables, type DigestTable } from './digest-tables.js';
import { configSchema, manifestSchema, type Digests, type GoldenConfig } from './set-schema.js';

/** A tensor file's contents. */
export class TensorFile {
  readonly #tensors: NdArrays;
  readonly #used = new Set<string>();

  constructor(
    /** Without `.safetensors`. */
    readonly name: string,
    tensors: NdArrays,
  ) {
    this.#tensors = tensors;
  }

  get(name: string): NdArray | undefined {
    if (!Object.hasOwn(this.#tensors, name)) return undefined;
    this.#used.add(name);
    return this.#tensors[name];
  }

  /** The tensors whose names begin with `prefix`, without it. */
  group(prefix: string): NdArrays {
    const names = Object.keys(this.#tensors).filter((name) => name.startsWith(prefix));
    return Object.fromEntries(names.map((name) => [name.slice(prefix.length), this.get(name)!]));
  }

  /** All tensors, without counting as looked at until `use` names them. */
  all(): NdArrays {
    return this.#tensors;
  }

  use(names: Iterable<string>): void {
    for (const name of names) this.#used.add(name);
  }

  unused(): string[] {
    return Object.keys(this.#tensors)
      .filter((name) => !this.#used.has(name) && !name.endsWith('position_ids'))
      .map((name) => `${this.name}: ${name}`);
  }
}

/** Everything in a set's folder. */
export class GoldenSet {
  readonly #files: ReadonlyMap<string, TensorFile>;
  readonly #expected: Readonly<Record<string, unknown>>;
  readonly #digests: readonly DigestTable[];
  readonly #usedPaths = new Set<string>();

  private constructor(
    readonly folder: string,
    readonly config: GoldenConfig,
    expected: Readonly<Record<string, unknown>>,
    files: ReadonlyMap<string, TensorFile>,
  ) {
    this.#expected = expected;
    this.#files = files;
    this.#digests = findDigestTables(expected);
  }

  /**
   * Reads a folder as documented in this tool's README.
   *
   * @throws InputError for a folder that is no golden set, or a damaged file
   */
  static async read(folder: string): Promise<GoldenSet> {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      const found = { ENOENT: 'nothing', ENOTDIR: 'a file' }[error.code ?? ''] ?? error.message;
      throw new InputError({ file: folder, found, expected: 'the folder of a golden set' });
    });
    if (!names.includes('config.json')) {
      const expected = 'the folder of a golden set, with config.json, expected.json and *.safetensors';
      throw new InputError({ file: folder, found: 'no config.json', expected });
    }
    const file = join(folder, 'config.json');
    const config = checked(configSchema, await readJson(file), file, []);
    const expected = names.includes('expected.json') ? await readJson(join(folder, 'expected.json')) : {};
    if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) {
      throw new InputError({ file: join(folder, 'expected.json'), expected: 'a JSON object of tables' });
    }
    const files = new Map<string, TensorFile>();
    for (const name of names.filter((other) => other.endsWith('.safetensors')).sort()) {
      const base = basename(name, '.safetensors');
      files.set(base, new TensorFile(base, await readSafetensors(join(folder, name))));
    }
    return new GoldenSet(folder, config, expected as Record<string, unknown>, files);
  }

  /** A tensor file; empty where the set lacks it. */
  file(name: string): TensorFile {
    return this.#files.get(name) ?? new TensorFile(name, {});
  }

  /** A value of `expected.json`, or undefined where the set lacks it. Throws `InputError` for one of another kind. */
  expected<S extends z.ZodType>(schema: S, ...path: readonly string[]): z.output<S> | undefined {
    let value: unknown = this.#expected;
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    this.#usedPaths.add(path.join('\n'));
    return checked(schema, value, join(this.folder, 'expected.json'), path);
  }

  /** The digests that stand for tensors of one kind, merged. */
  digests(wanted: (table: DigestTable) => boolean): Digests {
    const tables = this.#digests.filter(wanted);
    for (const { path } of tables) this.#usedPaths.add(path.join('\n'));
    return Object.assign({}, ...tables.map(({ named }) => named)) as Digests;
  }

  /** What `manifest.json` names and the tensor files lack, or have in another shape. */
  async missingOfManifest(): Promise<string[]> {
    const file = join(this.folder, 'manifest.json');
    const raw = await access(file).then(
      () => readJson(file),
      () => ({}),
    );
    const manifest = checked(manifestSchema, raw, file, []);
    return Object.entries(manifest).flatMap(([fileName, tensors]) => {
      const base = basename(fileName, '.safetensors');
      if (!this.#files.has(base)) return [`${base}.safetensors`];
      const found = this.file(base).all();
      const wrong = Object.entries(tensors).filter(
        ([name, [, shape]]) => found[name]?.shape.join() !== shape.join(),
      );
      return wrong.map(([name]) => `${base}: ${name}`);
    });
  }

  /** Tensors and tables that nothing has looked at. */
  unused(): string[] {
    const tensors = [...this.#files.values()].flatMap((file) => file.unused());
    const tables = Object.entries(this.#expected).flatMap(([key, value]) => this.#unusedIn([key], value));
    return [...tensors, ...tables.map((path) => `expected.json: ${path.join('.')}`)];
  }

  #unusedIn(path: string[], value: unknown): string[][] {
    const own = path.join('\n');
    if (this.#usedPaths.has(own)) return [];
    const hasUsed = [...this.#usedPaths].some((used) => used.startsWith(`${own}\n`));
    if (!hasUsed || typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([key, inner]) => this.#unusedIn([...path, key], inner));
  }
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new InputError({ file, found: error.message, expected: 'a JSON file' });
  });
  try {
    // Python writes what JSON has no number for as NaN and Infinity.
    return JSON.parse(text.replace(/(?<=[[,:]\s*)(NaN|-?Infinity)(?=\s*[,\]}])/g, 'null')) as unknown;
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'JSON' });
  }
}

function checked<S extends z.ZodType>(
  schema: S,
  value: unknown,
  file: string,
  at: readonly string[],
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = [...at, ...issue.path].join('.');
  throw new InputError({
    file,
    ...(field !== '' && { field }),
    found: issue.message,
    expected: 'what the format documents',
  });
}
