import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import {
  extractionBatchSize,
  extractToArchive,
  frameLoader,
  VisionTower,
  type Shard,
} from '@reelbert/clip-features';
import { createProgram } from '@reelbert/compiler';
import { FramePool, type Annotation } from '@reelbert/data';
import { ParameterStore, type Predictor } from '@reelbert/nn';
import { declareParameters, evaluator, loadInitialState } from '@reelbert/trainer';

import { readClips } from '../dataset/clip-set.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { normalisationOf } from '../dataset/pixel-frames.js';
import { Interrupted } from '../exit-status.js';
import { duration } from '../terminal/rate.js';
import { useBackend } from './backend.js';
import { fingerprintFrames, fingerprintValue } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { Quarantine } from './quarantine.js';
import { configText } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';
import { readTower, towerIdentity, type TowerExport } from './tower-export.js';

const stage = 'extract-features';

export interface ExtractionJob {
  /** Export of clip-pretrain or its run, or an imported CLIP. */
  readonly tower: string;
  readonly clips: readonly Annotation[];
  /** Folder of zipped frames. */
  readonly frames: string;
  /** The archive. */
  readonly out: string;
  /** The shards are taken to share this machine: each decodes in its share of the cores. */
  readonly shard?: Shard | undefined;
  /** Go on with what an interrupted extraction left. */
  readonly resume?: boolean | undefined;
}

/** Computes the features of the clips' frames; clips that can't be read go to the quarantine. */
export async function extractFeatures(
  job: ExtractionJob,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<{ readonly stored: number }> {
  const { reporter, signal } = options;
  const tower = await readTower(job.tower);
  await useBackend(options);
  const { vision, images } = tower;
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const pool = new FramePool(options.threads);
  const started = performance.now();
  const bar = reporter.progress(stage, job.clips.length, 'clips');
  try {
    const predictor = await towerPredictor(tower, program);
    const encode = evaluator(program, predictor, { weights: 'model', name: 'encode' });
    await mkdir(dirname(job.out), { recursive: true });
    const report = await extractToArchive(job.out, {
      ids: job.clips.map((clip) => clip.id),
      load: frameLoader(job.frames, {
        size: images.shortSide ?? vision.imageSize,
        crop: vision.imageSize,
        shrinkOnLoad: images.shrinkOnLoad,
        normalisation: normalisationOf(images),
        loadImages: pool.loadImages,
      }),
      encode: (pixels) => encode({ pixels }),
      dim: vision.hiddenSize,
      batchSize: extractionBatchSize(vision),
      readAhead: Math.max(8, 2 * pool.threads),
      identity: await towerIdentity(tower),
      ...(job.shard && { shard: job.shard }),
      ...(job.resume && { resume: true }),
      ...(signal && { signal }),
      onProgress: ({ done }) => bar.update(done),
    });
    for (const clip of report.quarantine) quarantine.add(clip);
    if (report.interrupted) throw new Interrupted(stage, report.done, 'clip');
    const seconds = (performance.now() - started) / 1000;
    reporter.say(`${stage}: ${report.stored} clips in ${duration(seconds)} -> ${job.out}`);
    return { stored: report.stored };
  } finally {
    bar.stop();
    program.dispose();
    await pool.close();
  }
}

export interface ExtractionStage {
  readonly tower: string;
  readonly folder: string | null;
  /** Annotation files in the folder. */
  readonly annotations: readonly string[];
  /** Folder of zipped frames in the folder. */
  readonly frames: string;
}

/** Extraction as a stage with a folder of its own. Results: `features`, the archive. */
export async function extractionStage(config: ExtractionStage, options: StageOptions): Promise<StageOutcome> {
  const { clips } = await readClips(config.folder, config.annotations, { duplicates: 'skip' });
  const frames = await inDataFolder(config.folder, config.frames, 'data.frames');
  const tower = await readTower(config.tower);
  const ids = clips.map((clip) => clip.id);
  const inputs = {
    tower: await towerIdentity(tower),
    clips: fingerprintValue(ids),
    frames: await fingerprintFrames(frames, ids),
  };
  return inStageFolder({ stage, config, inputs }, options, async () => {
    const out = join(options.out, 'features.zip');
    const left = await readFile(`${out}.partial.identity`, 'utf8').catch(() => undefined);
    await mkdir(options.out, { recursive: true });
    await writeFile(join(options.out, 'config.yaml'), configText(config));
    const quarantine = new Quarantine();
    const job = { tower: config.tower, clips, frames, out, resume: left === inputs.tower };
    const { stored } = await extractFeatures(job, quarantine, options);
    await quarantine.report(join(options.out, 'quarantine.json'), clips.length, options.reporter);
    return { features: out, clips: stored, quarantined: quarantine.size };
  });
}

async function towerPredictor(
  { vision, weights }: TowerExport,
  program: ReturnType<typeof createProgram>,
): Promise<Predictor> {
  const parameters = new ParameterStore();
  const tower = new VisionTower(parameters, '', vision);
  const { state } = loadInitialState(parameters, weights, { strict: true, seed: 0 });
  declareParameters(program, parameters);
  await program.write(state);
  return { parameters, logits: (batch) => tower.encode(batch.pixels!) };
}
