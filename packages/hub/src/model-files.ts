import { conversion, shardIndexFile, weightsFile } from './weight-files.js';
import { listed } from './listed.js';

const beside = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
  'preprocessor_config.json',
  'labels.json',
];

/** Files of a repository's top folder that make up a model; the shards once their index is there. */
export function wantedFiles(names: readonly string[], shards: readonly string[] = []): string[] {
  const weights = names.includes(weightsFile) ? [weightsFile] : [shardIndexFile, ...shards];
  return [...beside, ...weights].filter((name) => names.includes(name));
}

/** What a model's repository lacks, in words; undefined if it can be read. */
export function lack(names: readonly string[]): { found: string; expected: string } | undefined {
  if (!names.includes('config.json')) return { found: 'no config.json', expected: 'a model' };
  if (names.includes(weightsFile) || names.includes(shardIndexFile)) return undefined;
  const pickled = names.filter((name) => /\.(bin|pt|pth|ckpt|h5|msgpack)$/.test(name));
  if (pickled.length === 0) return { found: 'no weights', expected: weightsFile };
  return {
    found: listed(pickled),
    expected: `${weightsFile}: another revision may have it (refs/pr/... on the hub), or convert: ${conversion}`,
  };
}
