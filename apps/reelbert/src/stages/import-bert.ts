import type { NdArray, NdArrays } from '@reelbert/data';
import { readBert, type BertModelFiles, type ModelFolder } from '@reelbert/hub';
import {
  LxmertForPretraining,
  lxmertConfigSchema,
  referencePreset as lxmertReference,
} from '@reelbert/lxmert';
import { bertConfigSchema, ParameterStore, type BertConfig } from '@reelbert/nn';
import { loadInitialState } from '@reelbert/trainer';
import { referencePreset, VisualBertForPretraining, visualBertConfigSchema } from '@reelbert/visual-bert';

import type { Architecture, ModelChoice } from '../config/architecture.js';
import { framesSchema, textSchema } from '../config/data-config.js';
import type { Imported, ImportJob } from './import-job.js';
import { findTokenizer, needTokenizer } from './import-tokenizer.js';
import { bertWeights } from './model-start.js';

const allObjectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };

/** A BERT by itself: what the text side of any model can start from. */
export async function importBert(model: ModelFolder, job: ImportJob): Promise<Imported> {
  const bert = await readBert(model);
  const tokenizer = await findTokenizer(model.folder, job.tokenizer, bert.settings.vocabSize);
  const none = tokenizer ? [] : ['the folder has no tokenizer; --tokenizer FILE adds one'];
  return {
    config: { kind: 'bert', model: configOf(bert) },
    weights: bert.weights,
    tokenizer,
    layout: { precision: bert.precision, tiedDecoder: bert.tiedDecoder },
    notes: [...bert.notes, ...none],
  };
}

/** A model of this library around an imported BERT: what the BERT lacks is drawn anew, as for a model from nothing. */
export async function importAround(
  architecture: Architecture,
  model: ModelFolder,
  job: ImportJob,
): Promise<Imported> {
  const bert = await readBert(model);
  const found = await findTokenizer(model.folder, job.tokenizer, bert.settings.vocabSize);
  const tokenizer = needTokenizer(found, model.folder);
  const choice = modelAround(architecture, configOf(bert), job);
  const parameters = parametersOf(choice);
  const weights = underOurNames(bert, choice);
  const { state, report } = loadInitialState(parameters, weights, { strict: false, seed: job.seed });
  const maxLength = Math.min(256, bert.settings.maxPositionEmbeddings);
  return {
    config: {
      kind: 'pretraining',
      ...choice,
      text: textSchema.parse({ parts: 'title', maxLength }),
      frames: framesSchema.parse({}),
    },
    // The pooler computes nothing here; it is kept for whoever exports the BERT again.
    weights: { ...state, ...poolerOf(weights) },
    tokenizer,
    notes: [
      ...bert.notes,
      `${report.taken.length} parameters from the BERT, ${report.missing.length} drawn anew (seed ${job.seed})`,
    ],
  };
}

function configOf({ settings, parts }: BertModelFiles): BertConfig {
  return bertConfigSchema.parse({ ...settings, addPoolingLayer: parts.pooler });
}

function modelAround(
  architecture: Architecture,
  text: BertConfig,
  { reference, frameDim }: ImportJob,
): ModelChoice {
  const sizes = { text, ...(frameDim !== undefined && { frameDim }) };
  return architecture === 'lxmert'
    ? { architecture, model: lxmertConfigSchema.parse({ ...(reference && lxmertReference), ...sizes }) }
    : { architecture, model: visualBertConfigSchema.parse({ ...(reference && referencePreset), ...sizes }) };
}

/** The parameters of a model with its pretraining heads. */
export function parametersOf(choice: ModelChoice): ParameterStore {
  const store = new ParameterStore();
  if (choice.architecture === 'lxmert') new LxmertForPretraining(store, choice.model);
  else new VisualBertForPretraining(store, choice.model, allObjectives);
  return store;
}

/** A head of its own starts from the BERT's, whose decoder is the word table where the file has no other. */
function underOurNames({ weights, parts }: BertModelFiles, { architecture, model }: ModelChoice): NdArrays {
  const [prefix, head] = architecture === 'lxmert' ? ['roberta.', 'cls.'] : ['roberta.bert.', 'roberta.cls.'];
  const named = bertWeights(weights, prefix, { 'cls.predictions.': `${head}predictions.` });
  if (!parts.head || parts.decoder || model.tieWordEmbeddings) return named;
  return {
    ...named,
    [`${head}predictions.decoder.weight`]: weights['bert.embeddings.word_embeddings.weight']!,
  };
}

function poolerOf(weights: NdArrays): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => /\.pooler\.dense\./.test(name)));
}
