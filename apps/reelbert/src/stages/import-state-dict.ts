// A state dict of the original's PyTorch models, whose names are ours: MULTIBERT (model_1.py) is visual-bert, MULTIBERT2
// (model_2.py) lxmert. Beside it in the folder: BERT's config.json, with `vision_config` where the tower isn't ViT's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { clipVisionConfigSchema, type ClipVisionConfig } from '@reelbert/clip-features';
import { InputError, loadCategories, referenceCategories, type NdArrays } from '@reelbert/data';
import { readBertSettings, type ModelFolder } from '@reelbert/hub';
import { lxmertConfigSchema, referencePreset as lxmertReference } from '@reelbert/lxmert';
import { bertConfigSchema } from '@reelbert/nn';
import { referencePreset, visualBertConfigSchema } from '@reelbert/visual-bert';

import type { Architecture, ModelChoice } from '../config/architecture.js';
import { framesSchema, imagesSchema, textSchema } from '../config/data-config.js';
import { buildClassifier, towerPrefix } from './classifier.js';
import { fitParameters, refuseUnused, some } from './fit-parameters.js';
import { parametersOf } from './import-bert.js';
import type { Imported, ImportJob } from './import-job.js';
import { findTokenizer, needTokenizer } from './import-tokenizer.js';
import { renamed } from './model-start.js';

const firstNames: Readonly<Record<Architecture, RegExp>> = {
  'visual-bert': /^(module\.)?roberta\.bert\./,
  lxmert: /^(module\.)?(roberta\.embeddings|cross_bert)\./,
};

/** Whether a folder's tensors are named as those of the original's model. */
export function isStateDict({ weights }: ModelFolder, architecture: Architecture): boolean {
  return [...weights.tensors.keys()].some((name) => firstNames[architecture].test(name));
}

/** The original's model, pretrained or fine-tuned, with the original's choices. */
export async function importStateDict(
  architecture: Architecture,
  model: ModelFolder,
  job: ImportJob,
): Promise<Imported> {
  const { folder } = model;
  const buffers = /\.(position_ids|token_type_ids)$/;
  const inFile = [...model.weights.tensors.keys()].filter((name) => !buffers.test(name));
  const weights = renamed(await model.weights.read(inFile), { 'module.': '', '': '' });
  const choice = choiceOf(architecture, model, weights);
  const { vocabSize } = choice.model.text;
  const tokenizer = needTokenizer(await findTokenizer(folder, job.tokenizer, vocabSize), folder);
  const maxLength = Math.min(256, choice.model.text.maxPositionEmbeddings);
  const frames = framesSchema.parse({});
  const head = weights['newfc_tag.weight'];
  if ('newfc_itm.weight' in weights || !head) {
    const fitted = fitParameters(parametersOf(choice), weights, folder);
    refuseUnused(fitted.unused, /^(newfc_tag|visual_backbone)\./, folder);
    const text = textSchema.parse({ parts: 'title', maxLength });
    const config = { kind: 'pretraining', ...choice, text, frames } as const;
    return { config, weights: fitted.weights, tokenizer, notes: leftOut(fitted.unused) };
  }
  const vision =
    `${towerPrefix}vision_model.embeddings.class_embedding` in weights ? towerOf(model, weights) : null;
  const shape = { ...choice, modality: 'both', input: vision ? 'pixels' : 'features', vision } as const;
  const categories = await categoriesOf(folder, head.shape[0]!);
  const fitted = fitParameters(buildClassifier(shape, categories.length).parameters, weights, folder);
  refuseUnused(fitted.unused, /^(cls|roberta\.cls|roberta\.pooler|roberta\.bert\.pooler)\./, folder);
  const text = textSchema.parse({ parts: 'title-ocr-asr', maxLength });
  const images = imagesSchema.parse({ normalisation: 'imagenet', shortSide: vision && shortSideOf(vision) });
  const config = { kind: 'classifier', ...shape, text, frames, images } as const;
  return { config, weights: fitted.weights, tokenizer, categories, notes: leftOut(fitted.unused) };
}

/** The original's images: 256 pixels, from which 224 are cut out. */
function shortSideOf({ imageSize }: ClipVisionConfig): number {
  return Math.round((imageSize * 256) / 224);
}

function choiceOf(architecture: Architecture, model: ModelFolder, weights: NdArrays): ModelChoice {
  const { settings } = readBertSettings(model.config, model.configFile);
  const text = bertConfigSchema.parse(settings);
  const has = (prefix: string) => Object.keys(weights).some((name) => name.startsWith(prefix));
  const layers = (prefix: string) =>
    new Set(
      Object.keys(weights).flatMap((name) =>
        name.startsWith(prefix) ? [name.slice(prefix.length).split('.')[0]] : [],
      ),
    ).size;
  if (architecture === 'lxmert') {
    const sizes = {
      text,
      frameDim: weights['video_fc.weight']?.shape[1] ?? text.hiddenSize,
      visualLayers: layers('vision_encoder.encoder.layer.'),
      crossLayers: layers('cross_bert.x_layers.'),
      tieWordEmbeddings: !has('cls.predictions.decoder.'),
      unusedParameters: has('vision_encoder.pooler.'),
    };
    return { architecture, model: lxmertConfigSchema.parse({ ...lxmertReference, ...sizes }) };
  }
  const sizes = {
    text,
    frameDim: weights['roberta.bert.video_fc.weight']?.shape[1] ?? 768,
    tieWordEmbeddings: !has('roberta.cls.predictions.decoder.'),
    unusedParameters: has('roberta.bert.video_embeddings.word_embeddings.'),
    vladHiddenSize: weights['newfc_hidden.weight']?.shape[0],
  };
  return { architecture, model: visualBertConfigSchema.parse({ ...referencePreset, ...sizes }) };
}

/** A tower's sizes are those of its tensors; its heads are 64 wide unless `vision_config` says otherwise. */
function towerOf({ config }: ModelFolder, weights: NdArrays): ClipVisionConfig {
  const root = `${towerPrefix}vision_model.`;
  const shape = (name: string) => weights[root + name]?.shape ?? [];
  const [hiddenSize = 0] = shape('embeddings.class_embedding');
  const patchSize = shape('embeddings.patch_embedding.weight')[2] ?? 0;
  const [positions = 0] = shape('embeddings.position_embedding.weight');
  const given = (config['vision_config'] ?? {}) as Readonly<Record<string, unknown>>;
  const layers = Object.keys(weights).filter((name) =>
    /\.encoder\.layers\.\d+\.mlp\.fc1\.bias$/.test(name),
  ).length;
  return clipVisionConfigSchema.parse({
    hiddenSize,
    patchSize,
    imageSize: Math.round(Math.sqrt(positions - 1)) * patchSize,
    numHiddenLayers: layers,
    intermediateSize: shape('encoder.layers.0.mlp.fc1.weight')[0],
    numAttentionHeads: given['num_attention_heads'] ?? Math.max(1, Math.floor(hiddenSize / 64)),
    ...(given['hidden_act'] !== undefined && { hiddenAct: given['hidden_act'] }),
  });
}

async function categoriesOf(folder: string, classes: number): Promise<readonly string[]> {
  const file = join(folder, 'labels.json');
  const known = classes === referenceCategories.ids.length ? referenceCategories.ids : undefined;
  const ids = existsSync(file) ? (await loadCategories(file)).ids : known;
  if (ids?.length === classes) return ids;
  const found = ids ? `${ids.length} categories` : 'nothing';
  throw new InputError({ file, found, expected: `the ${classes} categories of the classifier` });
}

function leftOut(unused: readonly string[]): string[] {
  return unused.length > 0 ? [`left out, as this model has no use for it: ${some(unused)}`] : [];
}
