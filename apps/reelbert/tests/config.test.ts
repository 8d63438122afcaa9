import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { clipPretrainSchema } from '../src/config/clip-pretrain-config.js';
import { finetuneSchema } from '../src/config/finetune-config.js';
import { merge } from '../src/config/merge.js';
import { override } from '../src/config/overrides.js';
import { pipelineSchema } from '../src/config/pipeline-config.js';
import { loadConfig, presetNames } from '../src/config/presets.js';
import { pretrainSchema } from '../src/config/pretrain-config.js';
import { validate } from '../src/config/validate.js';
import { configText } from '../src/stages/stage-folder.js';
import { parseYaml } from '../src/config/yaml-document.js';

const schemas = {
  'clip-pretrain': clipPretrainSchema,
  pretrain: pretrainSchema,
  finetune: finetuneSchema,
  demo: pipelineSchema,
};

describe('presets', () => {
  it('are all valid, each by the schema of the stage that its name has', async () => {
    const names = await presetNames();
    expect(names).toContain('demo');
    for (const name of names.filter((name) => name !== 'reference-training')) {
      const kind = Object.keys(schemas).find((stage) => name.includes(stage)) as
        keyof typeof schemas | undefined;
      const schema = kind ? schemas[kind] : name.includes('model-') ? finetuneSchema : pipelineSchema;
      await expect(loadConfig(schema, name)).resolves.toBeDefined();
    }
  });

  it('are laid over each other in the order in which a file names them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reelbert-'));
    const file = join(folder, 'mine.yaml');
    await writeFile(file, 'extends: [model-1, reference-finetune]\nseed: 3\n');
    expect(await loadConfig(finetuneSchema, file)).toEqual({
      ...(await loadConfig(finetuneSchema, 'model-1-reference')),
      seed: 3,
    });
    await rm(folder, { recursive: true });
  });

  it('are completed to a configuration that is valid itself, and the same', async () => {
    for (const [kind, schema] of Object.entries(schemas).slice(0, 3)) {
      const complete = await loadConfig(schema, `small-${kind}`);
      expect(
        validate(schema, parseYaml(configText(complete), 'config.yaml').value, { file: 'config.yaml' }),
      ).toEqual(complete);
    }
  });
});

describe('settings', () => {
  it('are YAML, laid over the configuration in order', () => {
    const config = { a: { b: 1, c: 2 }, d: [1] };
    expect(override(config, ['a.b=3', 'd=[x, 2.5]', 'a.e.f=true', 'a.b=null'])).toEqual({
      a: { b: null, c: 2, e: { f: true } },
      d: ['x', 2.5],
    });
  });

  it('replace a mapping of another kind whole', () => {
    const under = { adversarial: { kind: 'pgd', steps: 3 } };
    expect(merge(under, { adversarial: { kind: 'fgm', table: 'x' } })).toEqual({
      adversarial: { kind: 'fgm', table: 'x' },
    });
    expect(merge(under, { adversarial: { steps: 4 } })).toEqual({ adversarial: { kind: 'pgd', steps: 4 } });
    expect(merge({ optimizer: { groups: [1] } }, { optimizer: { kind: 'adamw' } })).toEqual({
      optimizer: { groups: [1], kind: 'adamw' },
    });
  });
});

describe('validation', () => {
  const refuse = (value: unknown) => {
    try {
      validate(finetuneSchema, value, { file: 'f.yaml' });
    } catch (error) {
      if (error instanceof InputError) return error.message;
    }
    throw new Error('it was accepted');
  };

  it('names the keys that exist, also inside of alternatives', () => {
    expect(refuse({ seeds: 1 })).toContain('expected one of architecture, model, modality, seed, data, ');
    expect(refuse({ architecture: 'lxmert', model: { pool: 1 } })).toContain('visualLayers, crossLayers, ');
    expect(refuse({ model: { pool: 1 } })).toContain('frameContrast, titleContrast, ');
    expect(refuse({ model: { text: { hidden: 1 } } })).toContain('expected one of vocabSize, hiddenSize, ');
    const fgm = { kind: 'fgm', table: 'x', radius: 2 };
    expect(refuse({ training: { adversarial: fgm } })).toContain('expected one of kind, table, epsilon');
  });

  it('names the value and what would be right', () => {
    expect(refuse({ modality: 'sound' })).toBe(
      'f.yaml: modality: found "sound"; expected "both" or "text" or "frames"',
    );
    expect(refuse({ training: { epochs: 0 } })).toBe('f.yaml: training.epochs: found 0; expected at least 1');
    expect(refuse({ architecture: 'clip' })).toContain(
      'architecture: found "clip"; expected "visual-bert" or "lxmert"',
    );
    expect(refuse({ architecture: 'lxmert', modality: 'text' })).toContain('"both": the two-stream model');
    expect(refuse({ visionCache: true })).toContain(
      'visionCache: found true; expected false, or input: pixels',
    );
    expect(refuse({ images: { augment: { crop: true } } })).toContain('images.augment');
    expect(refuse({ folds: { count: 3, fold: 4 } })).toContain('folds.fold');
    expect(refuse({ training: { evaluateEvery: 'sometimes' } })).toContain(
      'training.evaluateEvery: found "sometimes"',
    );
  });
});
