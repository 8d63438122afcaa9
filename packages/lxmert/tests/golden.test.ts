// Values of a PyTorch restatement of the reference that was checked against the original code:
//   v = vision_encoder(inputs_embeds=cat([cls_token.expand(B, 1, H), frames], 1), attention_mask=cat([ones, frame_mask], 1))
//   t = roberta(ids, attention_mask=mask)
//   for layer in cross_bert.x_layers: t, v = layer(t, mask_t, v, mask_v)      # transformers' LxmertXLayer
//   logits = newfc_tag(cat([v.mean(1), t.mean(1)], 1)); loss = F.cross_entropy(logits, label)
//   mlm = F.cross_entropy(cls(t)[:, 1:].flatten(0, 1), mlm_labels[:, 1:].flatten())

import type { NdArrays } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import { beforeAll, describe, expect, it } from 'vitest';

import { LxmertForClassification, LxmertForPretraining } from '../src/index.js';
import {
  expectClose,
  expectDigest,
  goldenJson,
  goldenModel,
  goldenTensors,
  isOwnSet,
  withPrefix,
} from './golden.js';
import { gradientsOf, int32, toTensors, valuesOf } from './tensors.js';

type Digests = Readonly<Record<string, readonly number[]>>;

interface Expected {
  readonly two_stream: {
    readonly loss: number;
    readonly parameters_without_gradient: readonly string[];
    readonly pretrain_gradient_l2?: Readonly<Record<string, number>>;
  };
  readonly digests?: Readonly<Record<string, Digests>>;
}

const { config, classes } = goldenModel();
const expected = goldenJson<Expected>('expected');
const weights = goldenTensors('two.weights');
const golden = goldenTensors('two.finetune');

beforeAll(async () => void (await startBackend()));

function classifier() {
  const model = new LxmertForClassification(new ParameterStore(), config, { classes });
  return { model, store: model.parameters, values: valuesOf(model.parameters, weights) };
}

function pretraining() {
  const model = new LxmertForPretraining(new ParameterStore(), config);
  return { model, store: model.parameters, values: valuesOf(model.parameters, weights) };
}

function finetuningBatch(): NdArrays {
  const { title_input, title_mask, frame_input, frame_mask, label } = withPrefix('in.', golden);
  return {
    inputIds: title_input!,
    textMask: title_mask!,
    frames: frame_input!,
    frameMask: frame_mask!,
    labels: int32([label!.shape[0]!], [...label!.data]),
  };
}

function pretrainingBatch(): NdArrays {
  const labels = [...golden['pretrain.mlm_labels']!.data];
  const chosen = labels.flatMap((label, at) => (label < 0 ? [] : [at]));
  const positions = [...chosen, 0, 0]; // two fillers
  return {
    ...finetuningBatch(),
    inputIds: golden['pretrain.mlm_input_ids']!,
    textPositions: int32([positions.length], positions),
    textLabels: int32(
      [positions.length],
      positions.map((at) => Math.max(labels[at]!, 0)),
    ),
    mlmWeights: {
      dtype: 'float32',
      shape: [positions.length],
      data: Float32Array.from(positions, (_, i) => Number(i < chosen.length)),
    },
  };
}

const argmax = (row: Float32Array) => row.indexOf(row.reduce((a, b) => Math.max(a, b)));

describe('the two-stream model with the choices of the reference', () => {
  it('has a parameter of the same shape for every weight of the checkpoint', () => {
    const stores = [classifier().store, pretraining().store];
    const shapes = stores.flatMap((store) =>
      [...store.specs].map(([name, { shape }]) => [name, shape] as const),
    );
    const names = new Set(stores.flatMap((store) => [...store.aliases.keys()]));
    const stored = Object.entries(weights).filter(([name]) => !names.has(name));
    expect(Object.fromEntries(shapes)).toEqual(
      Object.fromEntries(stored.map(([name, { shape }]) => [name, shape])),
    );
  });

  it("gives the reference's last states, logits, loss and accuracy", () => {
    const { model, store, values } = classifier();
    const batch = toTensors(finetuningBatch());
    const { states, logits, loss } = store.bind(values, () => ({
      states: model.encode(batch, null),
      logits: model.logits(batch),
      loss: model.loss(batch, null).loss,
    }));
    const near = (name: string, found: ArrayLike<number>) =>
      expectClose(name, found, golden[`out.${name}`]!.data, 1e-5);
    near('language_states', states.language.states.dataSync());
    near('vision_states', states.vision.states.dataSync());
    near('logits', logits.dataSync());
    near('loss', loss.dataSync());
    expectClose('loss', loss.dataSync(), [expected.two_stream.loss], 1e-5);
    const scores = logits.dataSync<'float32'>();
    const right = [...finetuningBatch().labels!.data].filter(
      (label, row) => argmax(scores.subarray(row * classes, (row + 1) * classes)) === label,
    );
    near('accuracy', [right.length / logits.shape[0]]);
  });

  it("gives the reference's gradients", () => {
    const { model, store, values } = classifier();
    const batch = toTensors(finetuningBatch());
    const without = new Set(expected.two_stream.parameters_without_gradient);
    const names = [...store.specs.keys()].filter((name) => !without.has(name));
    const { gradients } = gradientsOf(store, values, names, () => model.loss(batch, null).loss);
    const stored = withPrefix('grad.', golden);
    const digests = gradientDigests();
    // A key's bias moves no softmax: its gradient is zero but for rounding, and held against the floor.
    for (const [name, { data }] of Object.entries(stored)) {
      expectClose(name, gradients.get(name)!, data, 1e-4, 1e-6);
    }
    for (const [name, digest] of Object.entries(digests)) {
      expectDigest(name, gradients.get(name)!, digest, 1e-4, 1e-6);
    }
    const compared = Object.keys({ ...stored, ...digests }).sort();
    if (isOwnSet) expect(compared).toEqual(names.sort());
    else expect(compared).not.toEqual([]);
  });

  it("gives the reference's masked language loss, and gradients of its size", () => {
    const { model, store, values } = pretraining();
    const batch = toTensors(pretrainingBatch());
    const norms = expected.two_stream.pretrain_gradient_l2 ?? {};
    const names = Object.keys(norms);
    const { loss, gradients } = gradientsOf(store, values, names, () => model.loss(batch, null).loss);
    expectClose('mlm', [loss], golden['pretrain.mlm_loss']!.data, 1e-5);
    for (const name of names) {
      expectClose(name, [Math.hypot(...gradients.get(name)!)], [norms[name]!], 1e-4, 1e-6);
    }
  });
});

/** Digests of gradients that the set holds in place of tensors, whatever their table is called. */
function gradientDigests(): Digests {
  const tables = Object.entries(expected.digests ?? {});
  const ofGradients = tables.filter(([name]) => name.startsWith('two') && !name.includes('after'));
  return Object.assign({}, ...ofGradients.map(([, table]) => table)) as Digests;
}
