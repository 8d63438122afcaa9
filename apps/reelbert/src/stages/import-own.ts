// An export of this program as another got it: from a hub, or copied without its manifest.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ContrastiveModel, VisionTower } from '@reelbert/clip-features';
import { InputError, loadCategories } from '@reelbert/data';
import type { ModelFolder } from '@reelbert/hub';
import { BertModel, ParameterStore } from '@reelbert/nn';
import { Tokenizer } from '@reelbert/tokenizer';

import { buildClassifier } from './classifier.js';
import { exportSchema, type ExportConfig, type ExportKind } from './export-config.js';
import { fitParameters, refuseUnused } from './fit-parameters.js';
import { parametersOf } from './import-bert.js';
import type { Imported, ImportJob, ImportTarget } from './import-job.js';

const exportKinds: readonly ExportKind[] = ['bert', 'clip', 'clip-vision', 'pretraining', 'classifier'];

/** Whether a folder's config.json is that of an export of this program. */
export function isOwnExport({ config }: ModelFolder): boolean {
  return typeof config['kind'] === 'string';
}

/** An export, checked and sealed anew. */
export async function importOwn(model: ModelFolder, job: ImportJob): Promise<Imported> {
  const { folder } = model;
  const config = readConfig(model, job.as);
  const tokenizerFile = job.tokenizer ?? join(folder, 'tokenizer.json');
  const tokenizer = existsSync(tokenizerFile) ? await Tokenizer.load(tokenizerFile) : undefined;
  const categories =
    config.kind === 'classifier' ? (await loadCategories(join(folder, 'labels.json'))).ids : undefined;
  const weights = await model.weights.read([...model.weights.tensors.keys()]);
  const fitted = fitParameters(storeOf(config, categories?.length ?? 0), weights, folder);
  refuseUnused(fitted.unused, /\.pooler\.dense\.|^cls\.|\.position_ids$/, folder);
  return { config, weights, tokenizer, categories, notes: [] };
}

function readConfig({ config, configFile: file }: ModelFolder, target: ImportTarget): ExportConfig {
  const kind = exportKinds.find((name) => name === config['kind']);
  const fits =
    kind !== undefined &&
    (target === 'bert'
      ? kind === 'bert'
      : target === 'clip'
        ? kind === 'clip' || kind === 'clip-vision'
        : kind === 'pretraining' || kind === 'classifier');
  if (!fits) {
    const found = `'${String(config['kind'])}'`;
    throw new InputError({ file, field: 'kind', found, expected: `an export that is a ${target}` });
  }
  const parsed = exportSchema(kind).safeParse(config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join('.');
    throw new InputError({ file, field, found: issue.message, expected: "an export's configuration" });
  }
  const own = parsed.data;
  if ('architecture' in own && own.architecture !== target) {
    throw new InputError({
      file,
      field: 'architecture',
      found: `'${own.architecture}'`,
      expected: `'${target}'`,
    });
  }
  return own;
}

function storeOf(config: ExportConfig, classes: number): ParameterStore {
  const store = new ParameterStore();
  switch (config.kind) {
    case 'clip':
      new ContrastiveModel(store, config.model);
      return store;
    case 'clip-vision':
      new VisionTower(store, '', config.model);
      return store;
    case 'bert':
      new BertModel(store, 'bert.', config.model);
      return store;
    case 'pretraining':
      return parametersOf(config);
    case 'classifier':
      return buildClassifier(config, classes).parameters;
  }
}
