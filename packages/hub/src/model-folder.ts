import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';

import { readJsonObject, type JsonObject } from './json-file.js';
import { openWeights, type WeightFiles } from './weight-files.js';

/** A Hugging Face model folder, opened: its configuration is read, its weights are found. */
export interface ModelFolder {
  readonly folder: string;
  readonly configFile: string;
  readonly config: JsonObject;
  readonly weights: WeightFiles;
}

/**
 * Opens a folder with `config.json` and `model.safetensors`, whole or in shards.
 *
 * @throws InputError for whatever is missing or damaged
 */
export async function openModelFolder(folder: string): Promise<ModelFolder> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new InputError({ file: folder, found: found ? 'a file' : 'nothing', expected: "a model's folder" });
  }
  const configFile = join(folder, 'config.json');
  const config = await readJsonObject(configFile, "a model's configuration");
  return { folder, configFile, config, weights: await openWeights(folder) };
}
