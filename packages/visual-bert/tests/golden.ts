// The golden set: values of a PyTorch restatement of the original, checked against the original code.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { clipVisionConfigSchema, type ClipVisionConfig } from '@reelbert/clip-features';
import { readSafetensors, type NdArray, type NdArrays } from '@reelbert/data';
import { expect } from 'vitest';

import { referencePreset, visualBertConfigSchema, type VisualBertConfig } from '../src/index.js';

// The set in fixtures/golden, or another of the same make, of any seed and shapes.
const folder = process.env.GOLDEN_DIR || fileURLToPath(new URL('./fixtures/golden', import.meta.url));

/** [sum, l2 norm, first three values] by parameter: what larger sets hold in place of tensors. */
export type Digests = Readonly<Record<string, readonly number[]>>;

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
}

/** What the set says of its model. */
export const golden = readJson<{
  readonly num_classes: number;
  readonly layer_norm_eps: number;
  readonly special_ids: { pad: number; unk: number; cls: number; sep: number; mask: number };
  readonly single: Readonly<
    Record<
      | 'hidden_size'
      | 'num_hidden_layers'
      | 'num_attention_heads'
      | 'intermediate_size'
      | 'vocab_size'
      | 'max_position_embeddings'
      | 'frame_dim'
      | 'text_length',
      number
    >
  > & { readonly vlad_hidden_size?: number };
  readonly clip: Readonly<
    Record<
      | 'hidden_size'
      | 'num_hidden_layers'
      | 'num_attention_heads'
      | 'intermediate_size'
      | 'image_size'
      | 'patch_size'
      | 'layer_norm_eps',
      number
    >
  > & { readonly hidden_act: string };
}>('config.json');

/** Scalars and tables. */
export const expected = readJson<{
  readonly pretrain: {
    readonly losses: Readonly<Record<string, number>>;
    readonly parameters_without_gradient: readonly string[];
    readonly rows_hit_by_quirk_Q8: number;
    readonly gradient_l2_by_objective: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  readonly finetune: { readonly loss: number; readonly parameters_without_gradient: readonly string[] };
  readonly end_to_end?: {
    readonly loss: number;
    readonly visual_backbone_gradient_l2: Readonly<Record<string, number>>;
  };
}>('expected.json');

/** One of the set's tensor files. */
export async function goldenTensors(name: string): Promise<NdArrays> {
  const file = join(folder, `${name}.safetensors`);
  return existsSync(file) ? readSafetensors(file) : {};
}

/** The tensors whose names begin with `prefix`, without it. */
export function withPrefix(prefix: string, tensors: NdArrays): NdArrays {
  const chosen = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
}

/**
 * The digests of a stage's gradients, where the set has them instead of the gradients: the table in expected.json that
 * is of this stage, not of its updates, and has these names.
 */
export function gradientDigests(stage: 'pretrain' | 'finetune', names: readonly string[]): Digests {
  const wanted = [...names].sort().join();
  const search = (node: unknown, path: string): Digests[] => {
    if (typeof node !== 'object' || node === null) return [];
    const entries = Object.entries(node);
    const isTable = entries.every(([, value]) => Array.isArray(value) && value.length <= 5);
    if (
      isTable &&
      entries
        .map(([name]) => name)
        .sort()
        .join() === wanted &&
      path.includes(stage)
    ) {
      return /after|ema|fgm|pgd|step|two/.test(path) ? [] : [node as Digests];
    }
    return entries.flatMap(([name, value]) => search(value, `${path}.${name}`));
  };
  return search(expected, '')[0] ?? {};
}

/** The set's single-stream model, as the original has it, without dropout. */
export function goldenConfig(): VisualBertConfig {
  const { single } = golden;
  return visualBertConfigSchema.parse({
    ...referencePreset,
    frameDim: single.frame_dim,
    vladHiddenSize: single.vlad_hidden_size,
    text: {
      vocabSize: single.vocab_size,
      hiddenSize: single.hidden_size,
      numHiddenLayers: single.num_hidden_layers,
      numAttentionHeads: single.num_attention_heads,
      intermediateSize: single.intermediate_size,
      maxPositionEmbeddings: single.max_position_embeddings,
      layerNormEps: golden.layer_norm_eps,
      padTokenId: golden.special_ids.pad,
      hiddenDropoutProb: 0,
      attentionProbsDropoutProb: 0,
    },
  });
}

/** The set's vision tower. */
export function goldenVisionConfig(): ClipVisionConfig {
  const { clip } = golden;
  return clipVisionConfigSchema.parse({
    hiddenSize: clip.hidden_size,
    numHiddenLayers: clip.num_hidden_layers,
    numAttentionHeads: clip.num_attention_heads,
    intermediateSize: clip.intermediate_size,
    imageSize: clip.image_size,
    patchSize: clip.patch_size,
    layerNormEps: clip.layer_norm_eps,
    hiddenAct: clip.hidden_act,
  });
}

/** How far values may be off: within the larger of the two. */
export interface Tolerance {
  /** Share of the tensor's largest value. */
  readonly relative?: number;
  readonly absolute?: number;
}

/** Compares all elements, and the shape. */
export function expectClose(name: string, found: NdArray, wanted: NdArray, tolerance: Tolerance): void {
  expect(found.shape, `${name}: shape`).toEqual(wanted.shape);
  const values = Array.from(wanted.data);
  near(name, Array.from(found.data), values, Math.max(...values.map(Math.abs)), tolerance);
}

/** Compares what a digest holds; the sum may be off by as much as all elements together. */
export function expectDigest(
  name: string,
  { data }: NdArray,
  digest: readonly number[],
  tolerance: Tolerance,
): void {
  const values = Array.from(data);
  const [sum, norm, ...first] = digest as [number, number, ...number[]];
  const size = values.reduce((total, value) => total + Math.abs(value), 0);
  near(`${name}: sum`, [values.reduce((a, b) => a + b, 0)], [sum], size, tolerance);
  near(`${name}: norm`, [Math.hypot(...values)], [norm], norm, tolerance);
  near(`${name}: first values`, values.slice(0, 3), first.slice(0, values.length), norm, tolerance);
}

/** Compares two numbers by their ratio. */
export function expectRatio(name: string, found: number, wanted: number, relative: number): void {
  near(name, [found], [wanted], Math.abs(wanted), { relative });
}

function near(
  name: string,
  found: readonly number[],
  wanted: readonly number[],
  scale: number,
  { relative = 0, absolute = 0 }: Tolerance,
): void {
  expect(found.length, `${name}: size`).toBe(wanted.length);
  const allowed = Math.max(relative * scale, absolute);
  const wrong = wanted.findIndex((value, i) => !(Math.abs(value - found[i]!) <= allowed)); // NaN is wrong too
  const message = `${name}: element ${wrong} is ${found[wrong]}, not ${wanted[wrong]} (off by at most ${allowed})`;
  expect(wrong, message).toBe(-1);
}
