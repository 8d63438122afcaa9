import { InputError, type FloatType, type NdArrays } from '@reelbert/data';

import { bertConfigJson, readBertSettings, type BertSettings } from './bert-settings.js';
import { bertShapes, bertTensorUse, type BertParts } from './bert-tensors.js';
import { checkTensors, refuseUnknown } from './check-tensors.js';
import type { JsonObject } from './json-file.js';
import { listed } from './listed.js';
import type { ModelFolder } from './model-folder.js';
import { precisionOf, renameTensors } from './renamed.js';

/** A BERT out of a folder. */
export interface BertModelFiles {
  readonly settings: BertSettings;
  readonly parts: BertParts;
  /** Whether the masked language head's decoder is the word table. */
  readonly tiedDecoder: boolean;
  /** `bert.*` and, where the folder has them, `cls.*`; float32. */
  readonly weights: NdArrays;
  /** The precision of the floats in the files. */
  readonly precision: FloatType;
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

/**
 * Reads a BERT: with the prefix `bert.` or without, with or without pooler and heads, with LayerNorm's old names.
 *
 * @throws InputError for another model, and for tensors that are missing, unknown or of another shape
 */
export async function readBert({
  folder,
  config,
  configFile,
  weights,
}: ModelFolder): Promise<BertModelFiles> {
  const { settings, tiedDecoder } = readBertSettings(config, configFile);
  const uses = [...weights.tensors.keys()].map((inFile) => ({ inFile, use: bertTensorUse(inFile) }));
  const of = (kind: string) => uses.filter(({ use }) => use.kind === kind).map(({ inFile }) => inFile);
  refuseUnknown(of('unknown'), folder, 'a BERT');
  const taken = uses.flatMap(({ inFile, use }) =>
    use.kind === 'taken' ? [[use.name, inFile] as const] : [],
  );
  const renamed = renameTensors(weights, taken);
  const parts = partsAmong([...renamed.tensors.keys()]);
  const shapes = bertShapes(settings, parts);
  checkTensors(renamed.tensors, shapes, folder);
  const surplus = taken.filter(([name]) => !shapes.has(name)).map(([, inFile]) => inFile);
  refuseUnknown(surplus, folder, `a BERT of ${settings.numHiddenLayers} layers`);
  if (parts.head && !parts.decoder && !tiedDecoder) {
    throw new InputError({
      file: folder,
      found: "no 'cls.predictions.decoder.weight'",
      expected: 'one, since config.json says tie_word_embeddings: false',
    });
  }
  const leftOut = of('left out');
  return {
    settings,
    parts,
    tiedDecoder,
    weights: await renamed.read(),
    precision: precisionOf(renamed.tensors),
    notes: leftOut.length > 0 ? [`left out, as it belongs to another task: ${listed(leftOut)}`] : [],
  };
}

function partsAmong(names: readonly string[]): BertParts {
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  return {
    pooler: has('bert.pooler.'),
    head: has('cls.predictions.'),
    decoder: has('cls.predictions.decoder.'),
    nextSentence: has('cls.seq_relationship.'),
  };
}

/**
 * A BERT as transformers keeps it: BertModel's names without prefix, or with `bert.` where there is a head.
 *
 * @param weights `bert.*` and `cls.*`, as `readBert` gives them
 */
export function bertFiles(
  settings: BertSettings,
  weights: NdArrays,
  tiedDecoder = true,
): { readonly config: JsonObject; readonly tensors: NdArrays } {
  const parts = partsAmong(Object.keys(weights));
  const [head, next] = [parts.head, parts.nextSentence];
  const architecture = head ? (next ? 'BertForPreTraining' : 'BertForMaskedLM') : 'BertModel';
  const shorten = (name: string) => (head || next ? name : name.replace(/^bert\./, ''));
  return {
    config: bertConfigJson(settings, architecture, tiedDecoder),
    tensors: Object.fromEntries(Object.entries(weights).map(([name, value]) => [shorten(name), value])),
  };
}
