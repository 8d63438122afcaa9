import type { ClipVisionConfig } from '@reelbert/clip-features';
import { InputError, type NdArrays } from '@reelbert/data';
import type { BertConfig } from '@reelbert/nn';

import type { ImagesConfig } from '../config/data-config.js';
import { towerPrefix } from './classifier.js';
import type { ModelExport } from './export-folder.js';
import { renamed } from './model-start.js';

/** A BERT by itself. */
export interface ExportedBert {
  readonly settings: BertConfig;
  /** `bert.*` and, where the model has them, `cls.*`. */
  readonly weights: NdArrays;
}

/** The BERT in a model: its text encoder, with the masked language head if it has one. */
export function bertOf({ folder, config, weights }: ModelExport): ExportedBert {
  switch (config.kind) {
    case 'bert':
      return { settings: config.model, weights };
    case 'clip':
      return { settings: config.model.text, weights: renamed(weights, { 'model_text.': 'bert.' }) };
    case 'clip-vision':
      throw new InputError({ file: folder, found: 'a vision tower', expected: 'a model that has a BERT' });
    default:
      return {
        settings: config.model.text,
        weights: renamed(weights, config.architecture === 'lxmert' ? twoStreams : oneStream),
      };
  }
}

// The encoder of both modalities; what frames have of their own is no part of a BERT.
const oneStream = {
  'roberta.bert.embeddings.': 'bert.embeddings.',
  'roberta.bert.encoder.': 'bert.encoder.',
  'roberta.bert.pooler.': 'bert.pooler.',
  'roberta.cls.': 'cls.',
};

const twoStreams = { 'roberta.': 'bert.', 'cls.predictions.': 'cls.predictions.' };

/** A vision tower by itself. */
export interface ExportedTower {
  readonly vision: ClipVisionConfig;
  readonly images: ImagesConfig;
  /** `vision_model.*` */
  readonly weights: NdArrays;
}

/** The vision tower in a model. */
export function towerOf({ folder, config, weights }: ModelExport): ExportedTower {
  if (config.kind === 'clip-vision') return { vision: config.model, images: config.images, weights };
  if (config.kind === 'clip') {
    const { model, images } = config;
    return { vision: model.vision, images, weights: renamed(weights, { 'model_image.': '' }) };
  }
  if (config.kind === 'classifier' && config.vision) {
    return { vision: config.vision, images: config.images, weights: renamed(weights, { [towerPrefix]: '' }) };
  }
  throw new InputError({
    file: folder,
    found: `a '${config.kind}' without`,
    expected: 'a model that has a vision tower',
  });
}
