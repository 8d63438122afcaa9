import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { checkpointFolders, readMetrics, runFolder, type MetricsRecord } from '@reelbert/trainer';

import { readDone, type DoneRecord } from '../stages/stage-folder.js';

/** What a run's folder says about the run. */
export interface RunRecord {
  readonly path: string;
  /** The text of config.yaml. */
  readonly config: string;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly metrics: readonly MetricsRecord[];
  /** Scores of the best weights, if any were scored. */
  readonly best: Readonly<Record<string, number>> | undefined;
  /** Undefined while the run isn't finished. */
  readonly done: DoneRecord | undefined;
  /** Clips that could not be used, by kind of problem; empty if all could. */
  readonly quarantined: Readonly<Record<string, number>>;
}

/**
 * Reads a training run's folder, finished or not.
 *
 * @throws InputError if no training run lies there; it names the runs in folders below
 */
export async function readRun(path: string): Promise<RunRecord> {
  const run = runFolder(path);
  const config = await readFile(run.config, 'utf8').catch(() => undefined);
  const trained = (await exists(run.metrics)) || (await checkpointFolders(run)).length > 0;
  if (config === undefined || !trained) {
    const below = await runsBelow(path);
    throw new InputError({
      file: path,
      found: 'no training run',
      expected: below.length > 0 ? `one of ${below.join(', ')}` : "a training run's folder",
    });
  }
  const quarantine = await readJson<{ counts?: Record<string, number> }>(join(path, 'quarantine.json'));
  return {
    path,
    config,
    environment: (await readJson<Record<string, unknown>>(run.environment)) ?? {},
    metrics: await readMetrics(run.metrics),
    best: await readJson<Record<string, number>>(join(run.best, 'scores.json')),
    done: await readDone(path),
    quarantined: quarantine?.counts ?? {},
  };
}

async function runsBelow(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => []);
  const runs = await Promise.all(
    names.map(async (name) => ((await exists(runFolder(join(path, name)).metrics)) ? join(path, name) : [])),
  );
  return runs.flat().sort();
}

/** The value of a JSON file that the run wrote; undefined if there is none. */
async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'JSON, as the run wrote it' });
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
