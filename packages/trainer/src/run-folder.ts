import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';

/** Where the parts of a run lie. */
export interface RunFolder {
  readonly path: string;
  readonly config: string;
  readonly environment: string;
  readonly metrics: string;
  /** Event files of the same metrics. */
  readonly tensorboard: string;
  readonly checkpoints: string;
  readonly best: string;
  /** Weights after the last epochs, to be averaged at the end. */
  readonly averaging: string;
  readonly export: string;
}

/** The paths of a run's folder; touches no file. */
export function runFolder(path: string): RunFolder {
  return {
    path,
    config: join(path, 'config.yaml'),
    environment: join(path, 'environment.json'),
    metrics: join(path, 'metrics.jsonl'),
    tensorboard: join(path, 'tensorboard'),
    checkpoints: join(path, 'checkpoints'),
    best: join(path, 'best'),
    averaging: join(path, 'averaging'),
    export: join(path, 'export'),
  };
}

export interface RunDescription {
  /** The effective configuration, as the text of config.yaml. */
  readonly config: string;
  /** What environment.json says beside the machine: backend, versions, command line ... */
  readonly environment?: Readonly<Record<string, unknown>>;
  /** Go on with the run that lies there. */
  readonly resume?: boolean;
}

/** Makes a run's folder and describes the run in it. Throws `InputError` if a run lies there, unless it is resumed. */
export async function createRun(
  path: string,
  { config, environment, resume }: RunDescription,
): Promise<RunFolder> {
  const run = runFolder(path);
  await mkdir(path, { recursive: true });
  const present = await readdir(path);
  if (!resume && present.some((name) => ['metrics.jsonl', 'checkpoints', 'best'].includes(name))) {
    throw new InputError({
      file: path,
      found: 'a run that was started before',
      expected: 'a new folder, or --resume to go on with that run',
    });
  }
  await writeFile(run.config, config);
  await writeFile(run.environment, JSON.stringify({ ...describeMachine(), ...environment }, null, 2) + '\n');
  return run;
}

function describeMachine() {
  return {
    node: process.version,
    platform: platform(),
    architecture: arch(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    started: new Date().toISOString(),
  };
}
