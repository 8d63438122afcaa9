import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { clipVisionConfigSchema } from '@reelbert/clip-features';
import { clipNormalisation, imageNetNormalisation, InputError } from '@reelbert/data';
import { readClipVision, type ModelFolder } from '@reelbert/hub';
import { z } from 'zod';

import { imagesSchema, type ImagesConfig } from '../config/data-config.js';
import type { Imported, ImportJob } from './import-job.js';

/** A CLIP vision tower by itself, for features and for models that take pixels. */
export async function importClip(model: ModelFolder, job: ImportJob): Promise<Imported> {
  const { settings, weights, names, precision, notes } = await readClipVision(model);
  const images = await imagesOf(model.folder, job);
  const { shortSide, normalisation } = images;
  return {
    config: { kind: 'clip-vision', model: clipVisionConfigSchema.parse(settings), images },
    weights,
    layout: { names, precision },
    notes: [
      ...notes,
      `images: short side ${shortSide ?? settings.imageSize}, cut to ${settings.imageSize}, colours as ` +
        `${normalisation === 'clip' ? 'CLIP' : 'ImageNet'} (--short-side and --normalisation say otherwise)`,
    ],
  };
}

const numbers = z.array(z.number());
const preprocessorSchema = z.object({
  image_mean: numbers.optional(),
  image_std: numbers.optional(),
  do_resize: z.boolean().default(true),
  size: z.union([z.number(), z.object({ shortest_edge: z.number().optional() })]).optional(),
});

/** What the user says, else what the folder's preprocessor_config.json says, else CLIP's own. */
async function imagesOf(
  folder: string,
  { normalisation, shortSide, shrinkOnLoad }: ImportJob,
): Promise<ImagesConfig> {
  const file = join(folder, 'preprocessor_config.json');
  const given = existsSync(file) ? await readPreprocessor(file) : {};
  const { image_mean: mean, image_std: std, size } = given;
  const colours = normalisation ?? (mean && std ? normalisationOf(mean, std, file) : 'clip');
  const edge = typeof size === 'number' ? size : size?.shortest_edge;
  return imagesSchema.parse({ normalisation: colours, shortSide: shortSide ?? edge ?? null, shrinkOnLoad });
}

async function readPreprocessor(file: string): Promise<Partial<z.output<typeof preprocessorSchema>>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'JSON' });
  }
  const parsed = preprocessorSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.');
  throw new InputError({ file, field, found: issue.message, expected: "an image processor's settings" });
}

function normalisationOf(mean: readonly number[], std: readonly number[], file: string): 'clip' | 'imagenet' {
  const close = (found: readonly number[], wanted: readonly number[]) =>
    found.length === wanted.length && found.every((value, i) => Math.abs(value - wanted[i]!) < 1e-3);
  for (const [name, known] of [
    ['clip', clipNormalisation],
    ['imagenet', imageNetNormalisation],
  ] as const) {
    if (close(mean, known.mean) && close(std, known.std)) return name;
  }
  throw new InputError({
    file,
    field: 'image_mean',
    found: `[${mean.join(', ')}] and image_std [${std.join(', ')}]`,
    expected: "CLIP's or ImageNet's; --normalisation chooses one of them",
  });
}
