import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Fingerprints } from './fingerprint.js';
import {
  configText,
  enterStage,
  finishStage,
  type StageIdentity,
  type StageResults,
} from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

/** What became of a stage. */
export interface StageOutcome {
  /** The results of an earlier run with the same settings and inputs were taken. */
  readonly reused: boolean;
  readonly results: StageResults;
}

/** Runs a stage in its folder, unless the folder holds its result already. */
export async function inStageFolder(
  identity: StageIdentity,
  options: StageOptions,
  body: (resume: boolean) => Promise<StageResults>,
): Promise<StageOutcome> {
  const state = await enterStage(options.out, identity, options);
  if (state.kind === 'done') {
    options.reporter.say(`${identity.stage}: done already, reused: ${options.out}`);
    return { reused: true, results: state.results };
  }
  const started = performance.now();
  const results = await body(state.kind === 'unfinished');
  await finishStage(options.out, identity, (performance.now() - started) / 1000, results);
  return { reused: false, results };
}

/** The same for a stage that can't go on where it was interrupted: the folder and its config.yaml are made for it. */
export function inFolder(
  stage: string,
  config: unknown,
  inputs: Fingerprints,
  options: StageOptions,
  body: () => Promise<StageResults>,
): Promise<StageOutcome> {
  return inStageFolder({ stage, config, inputs }, options, async () => {
    await mkdir(options.out, { recursive: true });
    await writeFile(join(options.out, 'config.yaml'), configText(config));
    return body();
  });
}
