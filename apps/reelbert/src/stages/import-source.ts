import { existsSync } from 'node:fs';

import { InputError } from '@reelbert/data';
import {
  commitOf,
  downloadModel,
  hubSettings,
  isCommit,
  isRepositoryId,
  openModelFolder,
  type HubSettings,
  type ModelFolder,
} from '@reelbert/hub';

import type { Reporter } from '../terminal/reporter.js';
import type { ImportJob } from './import-job.js';

/** The model to import: opened, with its commit if it came from a hub. */
export interface ImportSource {
  readonly model: ModelFolder;
  readonly commit: string | undefined;
}

type Place = Pick<ImportJob, 'from' | 'revision' | 'offline'>;

/**
 * Opens the folder to import from, or gets a repository's into the cache.
 *
 * @throws InputError if there is neither, a repository's revision isn't given, or the files are damaged
 */
export async function openSource(
  { from, revision, offline }: Place,
  reporter: Reporter,
): Promise<ImportSource> {
  if (existsSync(from)) {
    if (revision === undefined) return { model: await openModelFolder(from), commit: undefined };
    throw new InputError({
      field: '--revision',
      found: `the folder ${from}`,
      expected: 'the id of a repository',
    });
  }
  if (!isRepositoryId(from)) {
    throw new InputError({
      field: '--from',
      found: from,
      expected: "a folder, or a repository's id (owner/name)",
    });
  }
  const environment = hubSettings(process.env);
  const settings = { ...environment, offline: offline === true || environment.offline };
  if (revision === undefined) throw await unpinned(from, settings);
  const bar = reporter.progress(from, 0, 'MB');
  const { folder, commit } = await downloadModel(
    { repository: from, revision },
    settings,
    (file, done, total) => bar.update(Math.round(done / 1e6), file, Math.round(total / 1e6)),
  ).finally(() => bar.stop());
  if (!isCommit(revision)) {
    reporter.say(`warning: '${revision}' may be another commit tomorrow; --revision ${commit} pins it`);
  }
  return { model: await openModelFolder(folder), commit };
}

async function unpinned(repository: string, settings: HubSettings): Promise<InputError> {
  const commit = settings.offline
    ? undefined
    : await commitOf({ repository, revision: 'main' }, settings).catch((error: unknown) => {
        if (error instanceof InputError) throw error;
        return undefined;
      });
  const now = commit === undefined ? '' : `; main is ${commit} at the moment`;
  const expected = `its commit, so that another day gives the same${now}`;
  return new InputError({ field: '--revision', found: `nothing for the repository ${repository}`, expected });
}
