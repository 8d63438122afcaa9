import { z } from 'zod';

const path = z.string().min(1);

/** Where a stage's data lie; paths inside are relative to `folder`. */
const dataFields = {
  folder: path
    .nullable()
    .default(null)
    .describe('folder of the data set; null is the sample that comes with the program'),
  frames: path.default('frames').describe('folder of the zipped frames'),
  vocabulary: path.default('vocab.txt').describe('vocab.txt or tokenizer.json'),
  features: path
    .nullable()
    .default(null)
    .describe('archive of frame features, relative to the working folder; null: made by this run'),
};

/** Data of the stages that need no labels. */
export const unlabelledDataSchema = z.strictObject({
  ...dataFields,
  annotations: z.array(path).min(1).default(['unlabelled.json']).describe('one file or several'),
  groups: path
    .nullable()
    .default('auto')
    .describe(
      "file that tells variants of one clip, of which an epoch takes one; auto: the folder's manifest.json if there is one; null: an epoch takes every clip",
    ),
});

/** Data of fine-tuning. */
export const labelledDataSchema = z.strictObject({
  ...dataFields,
  annotations: z
    .array(path)
    .min(1)
    .default(['labelled.json'])
    .describe('one file or several, with categories'),
  labels: path.default('labels.json').describe('the category ids, ascending'),
  validation: path
    .nullable()
    .default(null)
    .describe('annotations by whose mean F1 the best weights are chosen; null: the last weights are taken'),
  split: z
    .strictObject({ train: path, validation: path })
    .nullable()
    .default(null)
    .describe(
      "two NumPy files with the rows of the annotations to train on and to validate on, such as scikit-learn's folds",
    ),
  test: path
    .nullable()
    .default(null)
    .describe('annotations that the finished model is scored on; they choose nothing'),
});

export type UnlabelledData = z.output<typeof unlabelledDataSchema>;
export type LabelledData = z.output<typeof labelledDataSchema>;

/** How the texts of a clip become tokens. */
export const textSchema = z.strictObject({
  parts: z.enum(['title', 'title-ocr-asr']).default('title-ocr-asr').describe('which texts a row holds'),
  maxLength: z.int().min(4).default(256).describe('longest row of tokens, special ones included'),
  bucket: z
    .int()
    .min(1)
    .default(32)
    .describe(
      'texts are filled up to a multiple of this; training batches are of texts of one width as far as possible (maxLength: of any texts, filled up to the full width)',
    ),
});

export type TextConfig = z.output<typeof textSchema>;

/** How many frames of a clip a model sees. */
export const framesSchema = z.strictObject({
  perClip: z.int().min(1).default(16),
  sampling: z
    .enum(['random', 'uniform'])
    .default('random')
    .describe('in training; evaluation and prediction take uniformly spaced frames'),
});

export type FramesConfig = z.output<typeof framesSchema>;

/** The same in pretraining, which can do without. */
export const pretrainingFramesSchema = framesSchema.extend({
  perClip: z.int().min(0).default(16).describe('0: pretraining on text alone'),
});

/** How frames become pixels for a tower; its image size is the model's. */
export const imagesSchema = z.strictObject({
  shortSide: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe("short side of a frame before its middle is cut out; null: the tower's image size"),
  normalisation: z
    .enum(['imagenet', 'clip'])
    .default('imagenet')
    .describe("mean and deviation of the colours: ImageNet's or CLIP's"),
  shrinkOnLoad: z
    .boolean()
    .default(false)
    .describe(
      "read JPEGs at least three times as large as needed at a fraction: faster, other pixels than Pillow's",
    ),
});

const probability = z.number().min(0).max(1);

/** The same in training, where the tower may decide, and frames may be varied. */
export const trainingImagesSchema = imagesSchema.extend({
  shortSide: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "short side of a frame before its middle is cut out; null: what the tower started from had, else the tower's image size",
    ),
  normalisation: z
    .enum(['imagenet', 'clip'])
    .nullable()
    .default(null)
    .describe(
      "mean and deviation of the colours; null: what the tower started from had, else ImageNet's (reference: imagenet)",
    ),
  shrinkOnLoad: z
    .boolean()
    .nullable()
    .default(null)
    .describe(
      "read JPEGs at least three times as large as needed at a fraction: faster, other pixels than Pillow's; null: what the tower started from had, else false",
    ),
  augment: z
    .strictObject({
      crop: z
        .boolean()
        .default(false)
        .describe('cut out a place drawn at random; shortSide above the image size gives it room'),
      flipHorizontally: probability.default(0),
      flipVertically: probability.default(0),
      frames: z
        .enum(['together', 'separately'])
        .default('together')
        .describe('whether the frames of a clip are varied alike (reference: each by itself)'),
    })
    .prefault({})
    .describe('variation of frames in training; off by default'),
});

export type TrainingImagesConfig = z.output<typeof trainingImagesSchema>;

/** A training's images with what the tower decides filled in. */
export function completeImages(
  given: TrainingImagesConfig,
  tower: ImagesConfig | undefined,
): TrainingImagesConfig {
  return {
    ...given,
    shortSide: given.shortSide ?? tower?.shortSide ?? null,
    normalisation: given.normalisation ?? tower?.normalisation ?? 'imagenet',
    shrinkOnLoad: given.shrinkOnLoad ?? tower?.shrinkOnLoad ?? false,
  };
}

/** Whether frames are varied at all. */
export function varies({ crop, flipHorizontally, flipVertically }: TrainingImagesConfig['augment']): boolean {
  return crop || flipHorizontally > 0 || flipVertically > 0;
}

/** How a training makes pixels. */
export function trainingPixels(
  images: TrainingImagesConfig,
): ImagesConfig & Pick<TrainingImagesConfig, 'augment'> {
  return { ...imagesOf(images), augment: images.augment };
}

/** What prediction has to know of a training's images. */
export function imagesOf({ shortSide, normalisation, shrinkOnLoad }: TrainingImagesConfig): ImagesConfig {
  return { shortSide, normalisation: normalisation ?? 'imagenet', shrinkOnLoad: shrinkOnLoad ?? false };
}

export type ImagesConfig = z.output<typeof imagesSchema>;
