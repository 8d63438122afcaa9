import { describe, expect, it } from 'vitest';

import { clipVisionFiles, openModelFolder, readClipVision } from '../src/index.js';
import { copyOf, editJson, editTensors, fixture, refusal } from './folders.js';

const read = async (folder: string) => readClipVision(await openModelFolder(folder));

describe('a CLIP vision tower', () => {
  it('is the same with the names of transformers 4 and 5', async () => {
    const [four, five] = [await read(fixture('clip-vision-4')), await read(fixture('clip-vision-5'))];
    expect(four.names).toBe('transformers-4');
    expect(five.names).toBe('transformers-5');
    expect(five.settings).toEqual(four.settings);
    expect(five.settings).toMatchObject({
      hiddenSize: 8,
      imageSize: 8,
      patchSize: 4,
      hiddenAct: 'quick_gelu',
    });
    expect(Object.keys(five.weights).sort()).toEqual(Object.keys(four.weights).sort());
    expect(Object.keys(five.weights)).toContain('vision_model.pre_layrnorm.weight');
  });

  it('is taken out of a whole CLIP, which is said', async () => {
    const { weights, notes, settings } = await read(fixture('clip-both'));
    expect(settings.numHiddenLayers).toBe(2);
    expect(Object.keys(weights).every((name) => name.startsWith('vision_model.'))).toBe(true);
    expect(notes).toEqual([
      expect.stringMatching(/vision tower alone.*text tower \(\d+ tensors\)/),
      expect.stringContaining('projection'),
    ]);
  });

  it('loses position ids, which are no weights', async () => {
    const folder = copyOf('clip-vision-4');
    const ids = { dtype: 'int32' as const, shape: [1, 5], data: Int32Array.of(0, 1, 2, 3, 4) };
    await editTensors(folder, (tensors) => (tensors['vision_model.embeddings.position_ids'] = ids));
    expect((await read(folder)).weights).toEqual((await read(fixture('clip-vision-4'))).weights);
  });

  it.each(['clip-vision-4', 'clip-vision-5'])('goes back under the names it had: %s', async (name) => {
    const model = await openModelFolder(fixture(name));
    const { settings, weights, names } = await readClipVision(model);
    const { config, tensors } = clipVisionFiles(settings, weights, names);
    const inFile = [...model.weights.tensors.keys()];
    expect(tensors).toEqual(await model.weights.read(inFile));
    expect(model.config).toMatchObject(config);
  });
});

describe('refused, by name,', () => {
  const broken = (name: string, edit: (config: Record<string, unknown>) => void) => {
    const folder = copyOf(name);
    editJson(folder, 'config.json', edit);
    return refusal(read(folder));
  };

  it('is another kind of model', async () => {
    expect(await refusal(read(fixture('bert-model')))).toMatch(
      /found "bert"; expected 'clip_vision_model' or 'clip'/,
    );
  });

  it('is a configuration that the tensors do not follow', async () => {
    expect(await broken('clip-vision-4', (config) => (config.hidden_size = 16))).toMatch(
      /class_embedding': shape: found \[8\]; expected \[16\]/,
    );
    expect(await broken('clip-vision-5', (config) => (config.num_hidden_layers = 1))).toMatch(
      /'encoder\.layers\.1\..*expected only tensors/,
    );
    expect(await broken('clip-vision-5', (config) => (config.num_hidden_layers = 3))).toMatch(
      /no 'vision_model\.encoder\.layers\.2\..*and 8 more/,
    );
  });

  it('are settings that the tower here lacks', async () => {
    const vision = (edit: Record<string, unknown>) => (config: Record<string, unknown>) =>
      (config.vision_config = { ...(config.vision_config as object), ...edit });
    expect(await broken('clip-both', vision({ num_channels: 1 }))).toMatch(
      /vision_config\.num_channels: found 1/,
    );
    expect(await broken('clip-both', vision({ patch_size: 3 }))).toMatch(/divisor of image_size/);
    expect(await broken('clip-both', (config) => (config.vision_config = []))).toMatch(/an object/);
  });
});
