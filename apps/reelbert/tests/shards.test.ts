import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { FeatureArchiveWriter, Random, readSafetensors, type Annotation } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseShard, threadsOf } from '../src/commands/shard-option.js';
import { config, readJson, reelbert, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
const inWork = (path: string) => join(work.folder, path);
const model = ['--annotations', 'many.json', '--features', 'f.zip', '--model', 'finetuned'];
const files = (name: string) => ['--out', `${name}.csv`, '--logits', `${name}.safetensors`];
const merge = (...parts: string[]) => ['logits', 'merge', ...parts, '--annotations', 'many.json'];

/** 150 clips, three batches, with texts of the dozen clips in ever other lengths, and a model for them. */
beforeAll(async () => {
  work = await workFolder();
  const labelled = await readJson<Annotation[]>(join(work.clips, 'labelled.json'));
  const random = new Random('shards');
  const clips = Array.from({ length: 150 }, (_, i) => {
    const { title } = labelled[i % labelled.length]!;
    return { id: `many${i}`, title: title.repeat(1 + random.integer(8)), asr: '', ocr: [] };
  });
  await writeFile(inWork('many.json'), JSON.stringify(clips));
  const archive = await FeatureArchiveWriter.open(inWork('f.zip'));
  for (const { id } of [...labelled, ...clips]) {
    const data = Float32Array.from({ length: 2 * 16 }, () => random.normal());
    await archive.add(id, { dtype: 'float32', shape: [2, 16], data });
  }
  await archive.finish();
  const set = ['data.folder=clips', 'data.features=f.zip', 'initialWeights=none', 'training.epochs=1'];
  await succeed(
    ['finetune', '--config', config('tiny-finetune'), '--out', 'finetuned', '--set', ...set],
    work.folder,
  );
  for (const part of ['1', '2', '3']) {
    await succeed(['predict', ...model, ...files(part), '--shard', `${part}/3`], work.folder);
  }
}, 240_000);
afterAll(() => work.remove());

describe('predictions of parts', { timeout: 240_000 }, () => {
  it('join to what one run predicts, to the bit on as many threads', async () => {
    const given = process.env.TF_NUM_INTRAOP_THREADS;
    process.env.TF_NUM_INTRAOP_THREADS = `${threadsOf({ index: 1, count: 3 })}`;
    await succeed(['predict', ...model, ...files('whole')], work.folder).finally(() => {
      if (given === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
      else process.env.TF_NUM_INTRAOP_THREADS = given;
    });
    const parts = ['3.safetensors', '1.safetensors', '2.safetensors'];
    const { stdout } = await succeed([...merge(...parts), ...files('merged')], work.folder);
    expect(stdout).toBe('merged.csv: 150 clips\n');
    for (const file of ['csv', 'safetensors']) {
      expect(await readFile(inWork(`merged.${file}`))).toEqual(await readFile(inWork(`whole.${file}`)));
    }
  });

  it('join to nearly the same on other numbers of threads', async () => {
    await succeed(['predict', ...model, ...files('threads')], work.folder);
    const parts = ['1', '2', '3'].map((part) => `${part}.safetensors`);
    await succeed([...merge(...parts), ...files('joined')], work.folder);
    expect(await readFile(inWork('joined.csv'))).toEqual(await readFile(inWork('threads.csv')));
    const logits = async (file: string) => (await readSafetensors(inWork(file))).logits!.data;
    const [joined, whole] = [await logits('joined.safetensors'), await logits('threads.safetensors')];
    joined.forEach((value, i) => expect(Math.abs(value - whole[i]!)).toBeLessThanOrEqual(1e-6));
  });

  it('are refused where parts are missing, are there twice, or are of other clips', async () => {
    const out = ['--out', 'refused.csv'];
    const refused = async (...args: string[]) => {
      const { status, stderr } = await reelbert(args, work.folder);
      expect(status).toBe(2);
      return stderr;
    };
    expect(await refused(...merge('1.safetensors', '2.safetensors'), ...out)).toMatch(
      /no logits of \d+ of 150 clips \(many\d+ \.\.\.\); expected every clip/,
    );
    expect(await refused(...merge('1.safetensors', '1.safetensors'), ...out)).toMatch(
      /1.safetensors: row 0: found clip many\d+, which is in 1.safetensors too; expected each clip once/,
    );
    const others = ['logits', 'merge', '1.safetensors', '--annotations', 'clips/test.json'];
    expect(await refused(...others, ...out)).toMatch(/found clip many\d+; expected clips of the annotations/);
    expect(await refused('predict', ...model, ...out, '--shard', '1/4')).toMatch(
      /shard: found 1\/4; expected at most 3 parts: 150 clips make 3 batches of 64/,
    );
  });
});

describe('the threads of a part', () => {
  it('are its share of the cores, one at least', () => {
    const cores = availableParallelism();
    expect(threadsOf(parseShard('1/1'))).toBe(cores);
    expect(threadsOf(parseShard('2/2'))).toBe(Math.max(1, Math.floor(cores / 2)));
    expect(threadsOf(parseShard(`1/${10 * cores}`))).toBe(1);
    expect(threadsOf(undefined)).toBeUndefined();
  });
});
