// Where the tensors of a model folder lie: in one safetensors file, or in several that an index lists.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  InputError,
  readSafetensors,
  readSafetensorsHeader,
  type NdArrays,
  type SafetensorsEntry,
} from '@reelbert/data';

import { listed } from './listed.js';
import { readShardIndex } from './shard-index.js';

export const weightsFile = 'model.safetensors';
export const shardIndexFile = 'model.safetensors.index.json';

/** What is known of a tensor before it is read. */
export interface StoredTensor extends SafetensorsEntry {
  readonly file: string;
}

/** The tensors of a model folder. */
export interface WeightFiles {
  readonly folder: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Reads tensors, floats of every precision as float32; each name must be there. */
  read(names: readonly string[]): Promise<NdArrays>;
}

/**
 * Finds the weights of a model folder and reads their headers.
 *
 * @throws InputError if there are none, one is damaged, a shard is missing or isn't what the index says; pickled
 * weights are refused, with a way to convert them
 */
export async function openWeights(folder: string): Promise<WeightFiles> {
  const entries = await readdir(folder);
  if (entries.includes(weightsFile)) return shardsOf(folder, [weightsFile]);
  if (!entries.includes(shardIndexFile)) throw noWeights(folder, entries);
  const indexPath = join(folder, shardIndexFile);
  const index = await readShardIndex(indexPath);
  const shards = [...new Set(index.values())];
  const absent = shards.filter((shard) => !entries.includes(shard));
  if (absent.length > 0) {
    const found = `no ${listed(absent)}`;
    throw new InputError({ file: folder, found, expected: `the shards that ${shardIndexFile} names` });
  }
  const weights = await shardsOf(folder, shards);
  checkAgainstIndex(weights.tensors, index, indexPath, folder);
  return weights;
}

async function shardsOf(folder: string, files: readonly string[]): Promise<WeightFiles> {
  const tensors = new Map<string, StoredTensor>();
  for (const name of files) {
    const file = join(folder, name);
    for (const [tensor, entry] of (await readSafetensorsHeader(file)).tensors) {
      const other = tensors.get(tensor);
      if (other) {
        const found = `'${tensor}', which is in ${other.file} too`;
        throw new InputError({ file, found, expected: 'each tensor in one file' });
      }
      tensors.set(tensor, { ...entry, file });
    }
  }
  const read = async (names: readonly string[]) => {
    const parts: NdArrays[] = [];
    for (const file of new Set(names.map((name) => tensors.get(name)!.file))) {
      const here = names.filter((name) => tensors.get(name)!.file === file);
      parts.push(await readSafetensors(file, { names: here }));
    }
    return Object.assign({}, ...parts) as NdArrays;
  };
  return { folder, files, tensors, read };
}

function checkAgainstIndex(
  tensors: ReadonlyMap<string, StoredTensor>,
  index: ReadonlyMap<string, string>,
  indexPath: string,
  folder: string,
): void {
  for (const [name, shard] of index) {
    if (tensors.get(name)?.file !== join(folder, shard)) {
      const found = `'${name}' in ${shard}, where it isn't`;
      throw new InputError({ file: indexPath, field: 'weight_map', found, expected: 'what the shards hold' });
    }
  }
  const unlisted = [...tensors.keys()].filter((name) => !index.has(name));
  if (unlisted.length === 0) return;
  const found = `nothing about ${listed(unlisted)}`;
  throw new InputError({ file: indexPath, field: 'weight_map', found, expected: 'what the shards hold' });
}

const pickled = /\.(bin|pt|pth|ckpt|h5|msgpack|onnx|pkl)$/;

function noWeights(folder: string, entries: readonly string[]): InputError {
  const other = entries.filter((name) => pickled.test(name));
  const expected = `${weightsFile} or ${shardIndexFile}`;
  if (other.length === 0) return new InputError({ file: folder, found: 'neither', expected });
  return new InputError({ file: folder, found: listed(other), expected: `${expected}; ${conversion}` });
}

/** How weights that are no safetensors become ones. */
export const conversion =
  'pickled weights can run code and are not read; with Python: ' +
  `transformers.AutoModelForPreTraining.from_pretrained('FOLDER').save_pretrained('NEW'), or for a state dict: ` +
  `safetensors.torch.save_model(model, '${weightsFile}')`;
