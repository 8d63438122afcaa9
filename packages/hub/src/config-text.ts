import type { JsonObject } from './json-file.js';

// transformers 5 refuses 1 where it wants 1.0.
const fractions = [
  'attention_dropout',
  'attention_probs_dropout_prob',
  'hidden_dropout_prob',
  'initializer_factor',
  'initializer_range',
  'layer_norm_eps',
];
const wholeFraction = new RegExp(`^( *"(?:${fractions.join('|')})": -?\\d+)(?=,?$)`, 'gm');

/** The text of a config.json, in which fractions that happen to be whole still look like fractions. */
export function configText(config: JsonObject): string {
  return JSON.stringify(config, null, 2).replace(wholeFraction, '$1.0') + '\n';
}
