import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readSafetensors, referenceCategories, writeSafetensors, type NdArrays } from '@reelbert/data';
import { describe, expect, it, vi } from 'vitest';

import { readExport } from '../src/stages/export-folder.js';
import { readOrigin } from '../src/stages/import-origin.js';
import { checkStart, readStart, startWeights } from '../src/stages/model-start.js';
import { parametersOf } from '../src/stages/import-bert.js';
import { readTower, towerIdentity } from '../src/stages/tower-export.js';
import {
  copyOf,
  exported,
  imported,
  listener,
  newPath,
  refusal,
  saved,
  tensorsOf,
} from './import-folders.js';

const golden = (name: string) => fileURLToPath(new URL(`../../../packages/${name}`, import.meta.url));

describe('a BERT', () => {
  it('becomes an export that any model can start from', async () => {
    const { out, lines } = await imported(saved('bert-mlm'), 'bert');
    expect(lines).toEqual([]);
    const { config, weights, tokenizer } = await readExport(out, 'bert');
    expect(config.model).toMatchObject({ vocabSize: 21, hiddenSize: 8, addPoolingLayer: false });
    expect(weights).toEqual(await tensorsOf(saved('bert-mlm')));
    expect(tokenizer!.vocabularySize).toBe(21);
    const around = await readExport((await imported(saved('bert-mlm'), 'lxmert')).out, 'pretraining');
    const parameters = parametersOf(around.config);
    const reporter = listener();
    const start = await readStart(out);
    const source = { field: 'initialWeights', path: 'here', weights: startWeights(start, 'lxmert') };
    checkStart('pretrain', parameters, [source], reporter);
    expect(reporter.lines).toEqual([
      expect.stringMatching(/^pretrain: 42 of \d+ parameters start from here/),
    ]);
  });

  it('is imported without a tokenizer, which is said, or with one from elsewhere', async () => {
    const bare = await copyOf(saved('bert-model'));
    await rm(join(bare, 'vocab.txt'));
    const { out, lines } = await imported(bare, 'bert');
    expect(lines).toEqual([expect.stringMatching(/no tokenizer; --tokenizer/)]);
    expect((await readExport(out, 'bert')).tokenizer).toBeUndefined();
    expect(await refusal(imported(bare, 'visual-bert'))).toMatch(
      /found neither; expected tokenizer\.json or vocab/,
    );
    const other = await imported(bare, 'visual-bert', { tokenizer: join(saved('bert-mlm'), 'vocab.txt') });
    expect((await readExport(other.out, 'pretraining')).tokenizer).toBeDefined();
  });

  it('is refused a tokenizer of another size', async () => {
    const folder = await copyOf(saved('bert-model'));
    const vocabulary = await readFile(join(folder, 'vocab.txt'), 'utf8');
    await writeFile(join(folder, 'vocab.txt'), `${vocabulary}more\n`);
    expect(await refusal(imported(folder, 'bert'))).toMatch(/found 22 tokens; expected 21/);
  });
});

describe.each([
  ['visual-bert', 'roberta.bert.', 'roberta.cls.'],
  ['lxmert', 'roberta.', 'cls.'],
] as const)('a %s around a BERT', (architecture, prefix, head) => {
  it("holds the BERT's weights under its own names, and draws the rest by the seed", async () => {
    const file = await tensorsOf(saved('bert-mlm'));
    const { out, lines } = await imported(saved('bert-mlm'), architecture, { frameDim: 6 });
    expect(lines).toEqual([expect.stringMatching(/42 parameters from the BERT, \d+ drawn anew \(seed 0\)/)]);
    const { config, weights } = await readExport(out, 'pretraining');
    expect(config.architecture).toBe(architecture);
    expect(config.model).toMatchObject({ frameDim: 6, pooling: 'masked', tieWordEmbeddings: true });
    for (const [name, value] of Object.entries(file)) {
      const own = name.replace(/^bert\./, prefix).replace(/^cls\./, head);
      expect(weights[own], name).toEqual(value);
    }
    const again = await readExport(
      (await imported(saved('bert-mlm'), architecture, { frameDim: 6 })).out,
      'pretraining',
    );
    expect(again.weights).toEqual(weights);
    const seed = await imported(saved('bert-mlm'), architecture, { frameDim: 6, seed: 1 });
    expect((await readExport(seed.out, 'pretraining')).weights).not.toEqual(weights);
  });

  it("makes the original's choices where told so; an untied decoder then starts as the word table", async () => {
    const { out } = await imported(saved('bert-mlm'), architecture, { reference: true });
    const { config, weights } = await readExport(out, 'pretraining');
    expect(config.model).toMatchObject({ pooling: 'all', tieWordEmbeddings: false, unusedParameters: true });
    const words = weights[`${prefix}embeddings.word_embeddings.weight`];
    expect(weights[`${head}predictions.decoder.weight`]).toEqual(words);
  });

  it('gives the BERT back byte by byte, pooler included', async () => {
    for (const name of ['bert-model', 'bert-mlm']) {
      const { out } = await imported(saved(name), architecture);
      const { config } = await readExport(out, 'pretraining');
      expect(config.model.text.addPoolingLayer).toBe(name === 'bert-model');
      const back = await tensorsOf((await exported(out, { as: 'bert' })).out);
      const file = await tensorsOf(saved(name));
      for (const [tensor, value] of Object.entries(file)) {
        expect(back[tensor] ?? back[`bert.${tensor}`], tensor).toEqual(value);
      }
    }
  });
});

describe('a CLIP', () => {
  it('becomes a tower, with its images', async () => {
    const folder = await copyOf(saved('clip-both'));
    const settings = {
      image_mean: [0.48145466, 0.4578275, 0.40821073],
      image_std: [0.26862954, 0.26130258, 0.27577711],
      size: { shortest_edge: 9 },
    };
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(settings));
    const { out, lines } = await imported(folder, 'clip');
    expect(lines).toEqual([
      expect.stringContaining('vision tower alone'),
      expect.stringContaining('projection'),
      expect.stringMatching(/images: short side 9, cut to 8, colours as CLIP/),
    ]);
    const { vision, images, weights } = await readTower(out);
    expect(vision).toMatchObject({ hiddenSize: 8, imageSize: 8 });
    expect(images).toEqual({ shortSide: 9, normalisation: 'clip', shrinkOnLoad: false });
    const file = await tensorsOf(folder);
    const tower = Object.fromEntries(
      Object.entries(file).filter(([name]) => name.startsWith('vision_model.')),
    );
    expect(weights).toEqual(tower);
    const said = { normalisation: 'imagenet', shortSide: 10, shrinkOnLoad: true } as const;
    const other = await readTower((await imported(folder, 'clip', said)).out);
    expect(other.images).toEqual(said);
    const exact = { ...other, images: { ...said, shrinkOnLoad: false } };
    expect(await towerIdentity(exact)).not.toBe(await towerIdentity(other)); // features that don't mix
  });

  it('is refused with colours that are neither', async () => {
    const folder = await copyOf(saved('clip-vision-4'));
    const file = join(folder, 'preprocessor_config.json');
    await writeFile(file, JSON.stringify({ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }));
    expect(await refusal(imported(folder, 'clip'))).toMatch(/image_mean: found \[0\.5.*--normalisation/);
    await writeFile(file, '{"image_mean": 1}');
    expect(await refusal(imported(folder, 'clip'))).toMatch(/preprocessor_config\.json: image_mean/);
    expect((await readTower((await imported(saved('clip-vision-5'), 'clip')).out)).images).toEqual({
      shortSide: null,
      normalisation: 'clip',
      shrinkOnLoad: false,
    });
  });
});

describe("the original's state dict", () => {
  // The golden weights: names of PyTorch, sizes in config.json of their set.
  async function stateDict(weights: NdArrays, text: Record<string, unknown>): Promise<string> {
    const folder = await copyOf(saved('bert-mlm'));
    await writeSafetensors(join(folder, 'model.safetensors'), weights);
    await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'bert', ...text }));
    const words = weights[Object.keys(weights).find((name) => name.includes('word_embeddings'))!]!.shape[0]!;
    const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    const tokens = [...special, ...Array.from({ length: words - special.length }, (_, i) => `t${i}`)];
    await writeFile(join(folder, 'vocab.txt'), tokens.join('\n') + '\n');
    return folder;
  }
  const sizes = (weights: NdArrays, root: string) => {
    const shape = (name: string) => weights[root + name]!.shape;
    const layers = Object.keys(weights).filter((name) =>
      new RegExp(`^${root.replaceAll('.', '\\.')}encoder\\.layer\\.\\d+\\.output\\.dense\\.bias$`).test(name),
    ).length;
    return {
      vocab_size: shape('embeddings.word_embeddings.weight')[0],
      hidden_size: shape('embeddings.word_embeddings.weight')[1],
      max_position_embeddings: shape('embeddings.position_embeddings.weight')[0],
      type_vocab_size: shape('embeddings.token_type_embeddings.weight')[0],
      num_hidden_layers: layers,
      num_attention_heads: 2,
      intermediate_size: shape('encoder.layer.0.intermediate.dense.bias')[0],
    };
  };
  const single = () =>
    readSafetensors(golden('visual-bert/tests/fixtures/golden/single.weights.safetensors'));

  it('of a pretrained single-stream model is taken one to one', async () => {
    const weights = await single();
    const folder = await stateDict(weights, sizes(weights, 'roberta.bert.'));
    const { out, lines } = await imported(folder, 'visual-bert');
    expect(lines).toEqual([expect.stringMatching(/left out.*'newfc_tag\./)]);
    const { config, weights: own } = await readExport(out, 'pretraining');
    expect(config).toMatchObject({
      architecture: 'visual-bert',
      model: { pooling: 'all', unusedParameters: true },
    });
    for (const [name, value] of Object.entries(own)) expect(value, name).toEqual(weights[name]);
    expect(
      Object.keys(weights).filter((name) => !(name in own) && !/newfc_tag|decoder\.bias/.test(name)),
    ).toEqual([]);
  });

  it('of a classifier is one, and goes back under its names', async () => {
    const all = await single();
    const parts = Object.entries(all).filter(([name]) => !/newfc_itm|mvm_lm_header/.test(name));
    const folder = await stateDict(Object.fromEntries(parts), sizes(all, 'roberta.bert.'));
    await writeFile(join(folder, 'labels.json'), '["0000", "0001"]');
    expect(await refusal(imported(folder, 'visual-bert'))).toMatch(
      /2 categories; expected the 200 categories/,
    );
    await rm(join(folder, 'labels.json')); // 200 classes are the challenge's
    const { out } = await imported(folder, 'visual-bert');
    const { config, categories } = await readExport(out, 'classifier');
    expect(config).toMatchObject({ architecture: 'visual-bert', input: 'features', vision: null });
    expect(categories!.ids).toEqual(referenceCategories.ids);
    const back = await exported(out);
    const tensors = await tensorsOf(back.out);
    for (const [name, value] of Object.entries(tensors)) expect(value, name).toEqual(all[name]);
    expect(Object.keys(tensors)).toContain('newfc_tag.weight');
    expect((await imported(back.out, 'visual-bert')).lines).toEqual([]);
    expect(await refusal(imported(back.out, 'lxmert'))).toMatch(/architecture: found 'visual-bert'/);
    expect(await refusal(imported(back.out, 'clip'))).toMatch(
      /kind: found 'classifier'; expected an export that is a clip/,
    );
  });

  it('of a two-stream model keeps its layers, from DataParallel too', async () => {
    const weights = await readSafetensors(golden('lxmert/tests/fixtures/golden/two.weights.safetensors'));
    const parallel = Object.fromEntries(
      Object.entries(weights).map(([name, value]) => [`module.${name}`, value]),
    );
    const folder = await stateDict(parallel, sizes(weights, 'roberta.'));
    const { out } = await imported(folder, 'lxmert');
    const { config, weights: own } = await readExport(out, 'classifier');
    expect(config).toMatchObject({ architecture: 'lxmert', model: { pooling: 'all' } });
    for (const [name, value] of Object.entries(own)) expect(value, name).toEqual(weights[name]);
  });

  it('that lacks or has too much is refused with names', async () => {
    const weights = { ...(await single()) };
    const config = sizes(weights, 'roberta.bert.');
    delete weights['roberta.bert.video_fc.bias'];
    expect(await refusal(imported(await stateDict(weights, config), 'visual-bert'))).toMatch(
      /no 'roberta\.bert\.video_fc\.bias'; expected all \d+ parameters/,
    );
    const more = { ...(await single()), extra: weights['newfc_tag.bias']! };
    expect(await refusal(imported(await stateDict(more, config), 'visual-bert'))).toMatch(/found 'extra'/);
    const other = { ...config, num_hidden_layers: config.num_hidden_layers + 1 };
    expect(await refusal(imported(await stateDict(await single(), other), 'visual-bert'))).toMatch(
      /no 'roberta.*more/,
    );
  });
});

describe('an import', () => {
  it('says where it came from', async () => {
    const { out } = await imported(saved('clip-vision-5'), 'clip');
    expect(await readOrigin(out)).toEqual({
      from: saved('clip-vision-5'),
      names: 'transformers-5',
      precision: 'F32',
    });
  });

  it('writes nothing where it fails, and over nothing', async () => {
    const out = newPath();
    const failing = imported(saved('clip-both'), 'bert', { out });
    expect(await refusal(failing)).toMatch(/found "clip"; expected 'bert'/);
    expect([out, `${out}.partial`].map(existsSync)).toEqual([false, false]);
    const done = await imported(saved('bert-model'), 'bert');
    expect(await refusal(imported(saved('bert-model'), 'bert', { out: done.out }))).toMatch(
      /a new or empty folder/,
    );
  });

  it('of a repository takes what is cached, by commit', async () => {
    const sha = 'b'.repeat(40);
    const cache = newPath();
    await cp(saved('bert-shards'), join(cache, 'models--owner--bert', 'snapshots', sha), { recursive: true });
    vi.stubEnv('HF_HUB_CACHE', cache);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const { out } = await imported('owner/bert', 'bert', { revision: sha });
    expect(await readOrigin(out)).toMatchObject({ from: 'owner/bert', commit: sha });
    const main = imported('owner/bert', 'bert', { revision: 'main' });
    expect(await refusal(main)).toMatch(/owner\/bert@main: found nothing/);
    await mkdir(join(cache, 'models--owner--bert', 'refs'));
    await writeFile(join(cache, 'models--owner--bert', 'refs', 'main'), sha);
    const named = await imported('owner/bert', 'bert', { revision: 'main' });
    expect(named.lines).toEqual([
      `warning: 'main' may be another commit tomorrow; --revision ${sha} pins it`,
    ]);
    vi.unstubAllEnvs();
  });

  it('needs a folder, or the id of a repository and its commit', async () => {
    expect(await refusal(imported('./nowhere', 'bert'))).toMatch(
      /--from: found \.\/nowhere; expected a folder, or/,
    );
    const sha = 'a'.repeat(40);
    expect(await refusal(imported(saved('bert-model'), 'bert', { revision: sha }))).toMatch(
      /--revision: found the folder/,
    );
    expect(await refusal(imported('owner/name', 'bert', { offline: true }))).toMatch(
      /--revision: found nothing for the repository owner\/name; expected its commit/,
    );
    expect(
      await refusal(imported('owner/name-that-nobody-has', 'bert', { offline: true, revision: sha })),
    ).toMatch(/owner\/name-that-nobody-has@a+: found nothing; expected the model in the cache/);
  });
});
