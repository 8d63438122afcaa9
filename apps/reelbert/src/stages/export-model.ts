import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

import { clipNormalisation, imageNetNormalisation, InputError, type FloatType } from '@reelbert/data';
import {
  bertFiles,
  clipVisionFiles,
  refuseFilled,
  writeModelFolder,
  type ClipNames,
  type ModelFiles,
} from '@reelbert/hub';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { Reporter } from '../terminal/reporter.js';
import { bertOf, towerOf, type ExportedTower } from './export-parts.js';
import { readExport, type ModelExport } from './export-folder.js';
import { readOrigin, type SourceLayout } from './import-origin.js';

/** What a model is exported as. */
export const exportTargets = ['bert', 'clip', 'own'] as const;

export type ExportTarget = (typeof exportTargets)[number];

/** What `reelbert export` is asked to do. */
export interface ExportJob {
  /** A run, or its export, or an imported model. */
  readonly model: string;
  readonly out: string;
  /** Where absent: what the model was imported as, and `own` for one that was trained here. */
  readonly as?: ExportTarget | undefined;
  readonly names?: ClipNames | undefined;
  readonly precision?: FloatType | undefined;
}

/**
 * Writes a Hugging Face folder of a model, or of its BERT or CLIP vision tower.
 *
 * @throws InputError if there is no such model or part, or something is where the folder would go; nothing is written then
 */
export async function exportModel(job: ExportJob, reporter: Reporter): Promise<void> {
  await refuseFilled(job.out);
  const exported = await readExport(job.model, 'bert', 'clip-vision', 'clip', 'pretraining', 'classifier');
  const layout: SourceLayout = (await readOrigin(exported.folder)) ?? {};
  const files = await filesOf(exported, job, layout, reporter);
  const precision = job.precision ?? layout.precision ?? 'F32';
  await writeModelFolder(job.out, { ...files, precision });
}

async function filesOf(
  exported: ModelExport,
  job: ExportJob,
  layout: SourceLayout,
  reporter: Reporter,
): Promise<ModelFiles> {
  const { config, tokenizer, weights, categories } = exported;
  const usual = config.kind === 'bert' ? 'bert' : config.kind === 'clip-vision' ? 'clip' : 'own';
  const as = job.as ?? usual;
  if (job.names !== undefined && as !== 'clip') {
    throw new InputError({ field: '--names', found: `--as ${as}`, expected: '--as clip' });
  }
  if (as === 'bert') {
    const { settings, weights: own } = bertOf(exported);
    const tied = layout.tiedDecoder ?? !('cls.predictions.decoder.weight' in own);
    if (!Object.keys(own).some((name) => name.startsWith('bert.pooler.'))) {
      reporter.say('export: the BERT has no pooler; transformers draws one anew');
    }
    return { ...bertFiles(settings, own, tied), addTo: (folder) => saveTokenizer(folder, tokenizer) };
  }
  if (as === 'clip') {
    const tower = towerOf(exported);
    const names = job.names ?? layout.names ?? 'transformers-4';
    return {
      ...clipVisionFiles(tower.vision, tower.weights, names),
      addTo: (folder) => savePreprocessor(folder, tower),
    };
  }
  return {
    config: config as unknown as Record<string, unknown>,
    tensors: weights,
    addTo: async (folder) => {
      await tokenizer?.save(folder);
      if (!categories) return;
      await writeFile(join(folder, 'labels.json'), JSON.stringify(categories.ids, null, 1) + '\n');
    },
  };
}

/** The tokenizer in the forms that transformers knows. */
async function saveTokenizer(folder: string, tokenizer: Tokenizer | undefined): Promise<void> {
  if (!tokenizer) return;
  await tokenizer.save(folder);
  await writeFile(join(folder, 'vocab.txt'), tokenizer.vocabulary.join('\n') + '\n');
  const settings = { tokenizer_class: 'BertTokenizer', do_lower_case: tokenizer.lowercase };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(settings, null, 2) + '\n');
}

/** The images as transformers' CLIPImageProcessor makes them; bilinear, as here. */
async function savePreprocessor(folder: string, { vision, images }: ExportedTower): Promise<void> {
  const { mean, std } = images.normalisation === 'clip' ? clipNormalisation : imageNetNormalisation;
  const { imageSize } = vision;
  const settings = {
    image_processor_type: 'CLIPImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: images.shortSide ?? imageSize },
    resample: 2,
    do_center_crop: true,
    crop_size: { height: imageSize, width: imageSize },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
  await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(settings, null, 2) + '\n');
}
