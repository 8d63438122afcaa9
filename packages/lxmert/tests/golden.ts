import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { NdArray, NdArrays } from '@reelbert/data';
import { expect } from 'vitest';

import { lxmertConfigSchema, referencePreset, type LxmertConfig } from '../src/index.js';

// The set in fixtures/golden, or another of the same make.
const given = process.env.GOLDEN_DIR;
const folder = given ? pathToFileURL(join(given, '/')) : new URL('./fixtures/golden/', import.meta.url);

/** Whether the set is the one in fixtures, which holds every gradient. */
export const isOwnSet = !given;

/** One of the set's JSON files. */
export function goldenJson<T>(name: 'config' | 'expected'): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T;
}

/** One of the set's tensor files, read without the code under test. */
export function goldenTensors(name: string): NdArrays {
  const bytes = readFileSync(new URL(`${name}.safetensors`, folder));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([tensor]) => tensor !== '__metadata__');
  return Object.fromEntries(
    tensors.map(([tensor, { dtype, shape, data_offsets: offsets }]): [string, NdArray] => {
      const { buffer } = Uint8Array.from(bytes.subarray(start + offsets[0], start + offsets[1]));
      if (dtype === 'F32') return [tensor, { dtype: 'float32', shape, data: new Float32Array(buffer) }];
      return [tensor, { dtype: 'int32', shape, data: new Int32Array(buffer) }];
    }),
  );
}

interface GoldenConfig {
  readonly num_classes: number;
  readonly layer_norm_eps: number;
  readonly special_ids: { readonly pad: number };
  readonly two: Readonly<
    Record<
      | 'hidden_size'
      | 'text_layers'
      | 'video_layers'
      | 'cross_layers'
      | 'num_attention_heads'
      | 'intermediate_size'
      | 'vocab_size'
      | 'max_position_embeddings',
      number
    >
  >;
}

/** The golden two-stream model, without dropout. */
export function goldenModel(): { config: LxmertConfig; classes: number } {
  const { two, special_ids, layer_norm_eps, num_classes } = goldenJson<GoldenConfig>('config');
  const config = lxmertConfigSchema.parse({
    ...referencePreset,
    frameDim: two.hidden_size,
    visualLayers: two.video_layers,
    crossLayers: two.cross_layers,
    text: {
      vocabSize: two.vocab_size,
      hiddenSize: two.hidden_size,
      numHiddenLayers: two.text_layers,
      numAttentionHeads: two.num_attention_heads,
      intermediateSize: two.intermediate_size,
      maxPositionEmbeddings: two.max_position_embeddings,
      layerNormEps: layer_norm_eps,
      hiddenDropoutProb: 0,
      attentionProbsDropoutProb: 0,
      padTokenId: special_ids.pad,
    },
  });
  return { config, classes: num_classes };
}

/** The tensors whose names begin with `prefix`, without it. */
export function withPrefix(prefix: string, tensors: NdArrays): NdArrays {
  const chosen = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Every element within `tolerance` times the tensor's largest, or within `floor`. */
export function expectClose(
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  floor = 0,
): void {
  expect(found.length, `${name}: size`).toBe(expected.length);
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const distance = Math.abs(expected[i]! - found[i]!);
    worst = distance <= worst ? worst : distance; // NaN stays
  }
  expect(worst, `${name}: ${worst} off, of ${largest}`).toBeLessThanOrEqual(
    Math.max(tolerance * largest, floor),
  );
}

/** [sum, l2 norm, first three values] in place of a tensor; the sum may be off by as much as all elements together. */
export function expectDigest(
  name: string,
  found: Float32Array,
  digest: readonly number[],
  tolerance: number,
  floor: number,
): void {
  const [sum, norm, ...first] = digest as [number, number, ...number[]];
  const near = (what: string, value: number, expected: number, scale: number, least: number): void =>
    expect(Math.abs(value - expected), `${name}: ${what} is ${value}, not ${expected}`).toBeLessThanOrEqual(
      Math.max(tolerance * scale, least),
    );
  const largest = found.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const total = found.reduce((a, b) => a + b, 0);
  near('sum', total, sum, largest * found.length, floor * found.length);
  near('norm', Math.hypot(...found), norm, norm, floor * Math.sqrt(found.length));
  first.slice(0, found.length).forEach((value, i) => near(`element ${i}`, found[i]!, value, largest, floor));
}
