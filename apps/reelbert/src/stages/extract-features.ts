import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { extractToArchive, frameLoader, VisionTower, type Shard } from '@reelbert/clip-features';
import { createProgram } from '@reelbert/compiler';
import type { Annotation } from '@reelbert/data';
import { ParameterStore, type Predictor } from '@reelbert/nn';
import { declareParameters, evaluator, loadInitialState } from '@reelbert/trainer';

import { readClips } from '../dataset/clip-set.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { normalisationOf } from '../dataset/pixel-frames.js';
import { Interrupted } from '../exit-status.js';
import { duration } from '../terminal/rate.js';
import { useBackend } from './backend.js';
import { readExport, type ModelExport } from './export-folder.js';
import { fingerprintFile, fingerprintFrames, fingerprintValue } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { Quarantine } from './quarantine.js';
import { configText } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

const stage = 'extract-features';
const towerName = 'model_image.';

export interface ExtractionJob {
  /** Export of clip-pretrain, or its run. */
  readonly tower: string;
  readonly clips: readonly Annotation[];
  /** Folder of zipped frames. */
  readonly frames: string;
  /** The archive. */
  readonly out: string;
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
  const exported = await readExport(job.tower, 'clip');
  await useBackend(reporter);
  const { vision } = exported.config.model;
  const { images } = exported.config;
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const started = performance.now();
  const bar = reporter.progress(stage, job.clips.length, 'clips');
  try {
    const predictor = await towerPredictor(exported, program);
    const encode = evaluator(program, predictor, { weights: 'model', name: 'encode' });
    await mkdir(dirname(job.out), { recursive: true });
    const report = await extractToArchive(job.out, {
      ids: job.clips.map((clip) => clip.id),
      load: frameLoader(job.frames, {
        size: images.shortSide ?? vision.imageSize,
        crop: vision.imageSize,
        normalisation: normalisationOf(images),
      }),
      encode: (pixels) => encode({ pixels }),
      dim: vision.hiddenSize,
      batchSize: 64,
      identity: await extractionIdentity(exported),
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
  const exported = await readExport(config.tower, 'clip');
  const ids = clips.map((clip) => clip.id);
  const inputs = {
    tower: await extractionIdentity(exported),
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

/** Features are the same if weights and images are. */
async function extractionIdentity({ folder, config }: ModelExport<'clip'>): Promise<string> {
  const weights = await fingerprintFile(join(folder, 'model.safetensors'));
  return fingerprintValue([weights, config.model.vision, config.images]);
}

async function towerPredictor(
  { config, weights }: ModelExport<'clip'>,
  program: ReturnType<typeof createProgram>,
): Promise<Predictor> {
  const parameters = new ParameterStore();
  const tower = new VisionTower(parameters, towerName, config.model.vision);
  const own = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith(towerName)));
  const { state } = loadInitialState(parameters, own, { strict: true, seed: 0 });
  declareParameters(program, parameters);
  await program.write(state);
  return { parameters, logits: (batch) => tower.encode(batch.pixels!) };
}
