import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readSafetensorsHeader } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import {
  bertFiles,
  clipVisionFiles,
  openModelFolder,
  readBert,
  readClipVision,
  writeModelFolder,
} from '../src/index.js';
import { fixture, newPath, refusal } from './folders.js';

const half = async () => {
  const bert = await readBert(await openModelFolder(fixture('bert-half')));
  return { ...bertFiles(bert.settings, bert.weights), precision: bert.precision };
};

describe('a folder that is written', () => {
  it('holds the tensors byte by byte, in the precision they had, as transformers wants them', async () => {
    const folder = newPath();
    await writeModelFolder(folder, await half());
    const [file, original] = [
      join(folder, 'model.safetensors'),
      join(fixture('bert-half'), 'model.safetensors'),
    ];
    const [written, read] = [await readSafetensorsHeader(file), await readSafetensorsHeader(original)];
    expect(written.metadata).toEqual({ format: 'pt' });
    const bytes = (path: string, { offset, byteLength }: { offset: number; byteLength: number }) =>
      readFileSync(path).subarray(offset, offset + byteLength);
    for (const [name, entry] of read.tensors) {
      expect(bytes(file, written.tensors.get(name)!), name).toEqual(bytes(original, entry));
    }
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ model_type: 'bert', torch_dtype: 'float16' });
  });

  it('has fractions that look like fractions, which transformers 5 insists on', async () => {
    const folder = newPath();
    const { settings, weights } = await readClipVision(await openModelFolder(fixture('clip-vision-5')));
    const whole = { ...settings, initializerFactor: 1, attentionDropout: 0 };
    await writeModelFolder(folder, clipVisionFiles(whole, weights));
    const text = readFileSync(join(folder, 'config.json'), 'utf8');
    expect(text).toContain('"initializer_factor": 1.0');
    expect(text).toContain('"attention_dropout": 0.0');
    expect(text).toMatch(/"hidden_size": 8,/);
  });

  it('appears whole or not at all', async () => {
    const folder = newPath();
    const failing = writeModelFolder(folder, {
      ...(await half()),
      addTo: () => Promise.reject(new Error('no tokenizer')),
    });
    await expect(failing).rejects.toThrow('no tokenizer');
    expect([folder, `${folder}.partial`].map(existsSync)).toEqual([false, false]);
  });

  it('takes no place of another', async () => {
    const folder = newPath();
    mkdirSync(folder);
    await writeModelFolder(folder, await half());
    expect(await refusal(writeModelFolder(folder, await half()))).toMatch(/a new or empty folder/);
    const file = newPath();
    writeFileSync(file, '');
    expect(await refusal(writeModelFolder(file, await half()))).toMatch(/found a file/);
  });
});
