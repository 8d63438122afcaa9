import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { runFolder } from '@reelbert/trainer';
import { stringify } from 'yaml';
import { z } from 'zod';

import { readYaml } from '../config/yaml-document.js';
import { firstDifference } from './differences.js';
import type { Fingerprints } from './fingerprint.js';

/** What decides whether a stage's folder still holds its result. */
export interface StageIdentity {
  readonly stage: string;
  /** The effective configuration: plain values. */
  readonly config: unknown;
  readonly inputs: Fingerprints;
}

/** What is in a stage's folder before it runs. */
export type StageState =
  | { readonly kind: 'new' }
  /** An unfinished run of the same configuration, which is to be gone on with. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'done'; readonly results: StageResults };

/** What a finished stage says about itself, for the next stages and for people. */
export type StageResults = Readonly<Record<string, unknown>>;

export interface EnterOptions {
  /** Go on with an unfinished run. */
  readonly resume?: boolean | undefined;
  /** Remove a run of another configuration or of other inputs, instead of refusing; go on with an unfinished one. */
  readonly replace?: boolean | undefined;
}

const doneSchema = z.object({
  stage: z.string(),
  inputs: z.record(z.string(), z.string()),
  seconds: z.number(),
  results: z.record(z.string(), z.unknown()),
});

/** RUN/done.json: written last, with the fingerprints of what the run read. */
export type DoneRecord = z.output<typeof doneSchema>;

/** The configuration as config.yaml holds it. */
export function configText(config: unknown): string {
  return stringify(plain(config));
}

/**
 * Looks what lies in a stage's folder: nothing, an unfinished run, or a finished one with the same settings and inputs.
 *
 * @throws InputError for another configuration (saying what differs) and for an unfinished run without `resume`
 */
export async function enterStage(
  out: string,
  identity: StageIdentity,
  options: EnterOptions,
): Promise<StageState> {
  const run = runFolder(out);
  const done = await readDone(out);
  const started = done !== undefined || (await exists(run.metrics)) || (await exists(run.checkpoints));
  if (!started) return { kind: 'new' };

  const difference =
    (await configDifference(run.config, identity.config)) ?? (done && inputDifference(done, identity));
  if (difference) {
    if (!options.replace) throw difference;
    await rm(out, { recursive: true, force: true });
    return { kind: 'new' };
  }
  if (done) return { kind: 'done', results: done.results };
  if (options.resume || options.replace) return { kind: 'unfinished' };
  throw new InputError({
    file: out,
    found: 'an unfinished run of the same configuration',
    expected: '--resume to go on with it, or another --out',
  });
}

/**
 * Refuses a folder that holds a run of another configuration, before anything is made for this one; fields that are
 * undefined here aren't compared.
 */
export async function refuseOtherConfig(
  options: EnterOptions & { readonly out: string },
  config: unknown,
): Promise<void> {
  if (options.replace) return;
  const run = runFolder(options.out);
  const started = (await exists(run.metrics)) || (await exists(run.checkpoints));
  const difference = started ? await configDifference(run.config, config, true) : undefined;
  if (difference) throw difference;
}

/** Marks a stage as finished. */
export async function finishStage(
  out: string,
  { stage, inputs }: StageIdentity,
  seconds: number,
  results: StageResults,
): Promise<void> {
  const record: DoneRecord = { stage, inputs: { ...inputs }, seconds, results: { ...results } };
  const file = join(out, 'done.json');
  await writeFile(`${file}.partial`, JSON.stringify(record, null, 2) + '\n');
  await rename(`${file}.partial`, file);
}

/** What a finished stage wrote about itself; undefined if there is none in this folder. */
export async function readDone(out: string): Promise<DoneRecord | undefined> {
  const text = await readFile(join(out, 'done.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : doneSchema.parse(JSON.parse(text));
}

async function configDifference(
  file: string,
  config: unknown,
  part = false,
): Promise<InputError | undefined> {
  if (!(await exists(file))) return undefined;
  const difference = firstDifference((await readYaml(file)).value, plain(config), part);
  if (!difference) return undefined;
  const { path, was, is } = difference;
  return new InputError({
    file,
    field: path,
    found: `${is}, where the run in this folder has ${was}`,
    expected: 'the same configuration, or another --out',
  });
}

function inputDifference(done: DoneRecord, { stage, inputs }: StageIdentity): InputError | undefined {
  const difference = firstDifference({ stage: done.stage, ...done.inputs }, { stage, ...inputs });
  if (!difference) return undefined;
  const changed =
    difference.path === 'stage'
      ? `a run of '${done.stage}'`
      : `changed since this run read it: ${difference.path}`;
  return new InputError({ found: changed, expected: 'the same inputs, or another --out' });
}

// As it is after writing and reading.
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
