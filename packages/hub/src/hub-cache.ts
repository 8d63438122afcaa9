// The layout of downloaded repositories that Python's huggingface_hub and @huggingface/hub share:
// models--OWNER--NAME/{blobs/ETAG, snapshots/COMMIT/FILE -> ../../blobs/ETAG, refs/NAME}
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** A repository's folder in the cache. */
export class CachedRepository {
  readonly #root: string;

  constructor(cache: string, repository: string) {
    this.#root = join(cache, `models--${repository.split('/').join('--')}`);
  }

  /** The folder of a commit's files, whether or not it is there. */
  snapshot(commit: string): string {
    return join(this.#root, 'snapshots', commit);
  }

  /** Where a file's content goes. */
  blob(etag: string): string {
    return join(this.#root, 'blobs', etag);
  }

  /** Names of a commit's files; none where nothing was downloaded. */
  async files(commit: string): Promise<string[]> {
    const names = await readdir(this.snapshot(commit)).catch(() => []);
    const there = await Promise.all(names.map((name) => isFile(join(this.snapshot(commit), name))));
    return names.filter((_, i) => there[i]);
  }

  /** The commit that a branch or tag was when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    const text = await readFile(join(this.#root, 'refs', revision), 'utf8').catch(() => undefined);
    return text?.trim();
  }

  /** Keeps which commit a branch or tag is. */
  async remember(revision: string, commit: string): Promise<void> {
    const file = join(this.#root, 'refs', revision);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, commit);
  }

  /** Gives content that is there a name in a commit: a link, or a copy where links can't be made. */
  async link(commit: string, name: string, etag: string): Promise<void> {
    const file = join(this.snapshot(commit), name);
    await mkdir(dirname(file), { recursive: true });
    await rm(file, { force: true });
    const target = relative(dirname(file), this.blob(etag));
    await symlink(target, file).catch(async () => {
      await copyFile(this.blob(etag), `${file}.partial`);
      await rename(`${file}.partial`, file);
    });
  }
}

/** Whether there is a file, links followed. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
