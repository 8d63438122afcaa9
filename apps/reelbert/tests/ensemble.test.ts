import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { writeLogits } from '../src/stages/logits-file.js';
import { readJson, reelbert, succeed, workFolder } from './program.js';

const categories = ['0012', '0116', '0117'];
// Of eight clips, c0 .. c7, clip i is of category i modulo 3.
const clips = Array.from({ length: 8 }, (_, i) => ({ id: `c${i}`, category: i % 3 }));

let work: Awaited<ReturnType<typeof workFolder>>;
const run = (...args: string[]) => reelbert(['ensemble', ...args], work.folder);
const predicted = async (file: string) =>
  (await readFile(join(work.folder, file), 'utf8')).trimEnd().split('\n');

/** Logits that are 2 at the category a model chooses for each clip. */
async function model(file: string, chosen: number[], options: { prefix?: string; folds?: number[] } = {}) {
  const ids = chosen.map((_, i) => `${options.prefix ?? 'c'}${i}`);
  const data = Float32Array.from(chosen.flatMap((of) => categories.map((_, c) => (c === of ? 2 : 0))));
  const logits = { dtype: 'float32' as const, shape: [chosen.length, 3], data };
  await writeLogits(join(work.folder, file), { ids, categories, logits, folds: options.folds });
}

async function annotate(file: string, of: readonly { id: string; category: number }[]) {
  const list = of.map(({ id, category }) => ({
    id,
    title: 'x',
    ocr: [],
    asr: '',
    category_id: categories[category],
  }));
  await writeFile(join(work.folder, file), JSON.stringify(list));
}

beforeAll(async () => {
  work = await workFolder();
  await annotate('labelled.json', clips);
  // right: all; wrong: the next category, always; half: the first four.
  const truth = clips.map((clip) => clip.category);
  const folds = clips.map((_, i) => (i % 2) + 1);
  await model('right.safetensors', truth, { folds });
  await model(
    'wrong.safetensors',
    truth.map((of) => (of + 1) % 3),
    { folds },
  );
  await model(
    'half.safetensors',
    truth.map((of, i) => (i < 4 ? of : (of + 1) % 3)),
    { folds },
  );
  // Of three test clips, t0 .. t2, with categories 0, 1, 2.
  await model('test-right.safetensors', [0, 1, 2], { prefix: 't' });
  await model('test-wrong.safetensors', [1, 2, 0], { prefix: 't' });
  await annotate(
    'test.json',
    [0, 1, 2].map((category) => ({ id: `t${category}`, category })),
  );
});
afterAll(() => work.remove());

const oof = ['--oof', 'right.safetensors', 'wrong.safetensors'];
const test = ['--logits', 'test-right.safetensors', 'test-wrong.safetensors'];

describe('reelbert ensemble', { timeout: 60_000 }, () => {
  it('takes weights, and prints nothing but the file', async () => {
    const { stdout } = await succeed(
      ['ensemble', ...test, '--weights', '0.5,1', '--out', 'weighted.csv'],
      work.folder,
    );
    expect(stdout).toBe('weighted.csv\n');
    expect(await predicted('weighted.csv')).toEqual(['t0,0116', 't1,0117', 't2,0012']);
  });

  it.each(['--search', '--stack'])(
    'fits on out-of-fold logits with %s, and uses the fit on others',
    async (fit) => {
      const { stderr, stdout, status } = await run(
        ...test,
        fit,
        ...oof,
        '--annotations',
        'labelled.json',
        '--out',
        'f.csv',
      );
      expect({ stderr, status }).toMatchObject({ status: 0 });
      expect(await predicted('f.csv')).toEqual(['t0,0012', 't1,0116', 't2,0117']);
      expect(stderr).toContain(
        'mean F1 on 8 labelled clips 1.0000 as fitted, 1.0000 cross-fitted over 2 folds',
      );
      expect(stderr).not.toContain('warning');
      expect(stdout).toMatch(/^right? .*1\.0000|test-right +1\.0000/m);
    },
  );

  it('warns where clips are both fitted on and scored', async () => {
    const logits = ['--logits', 'half.safetensors', 'wrong.safetensors'];
    const { stderr, status } = await run(
      ...logits,
      '--search',
      '--annotations',
      'labelled.json',
      '--out',
      'o.csv',
    );
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /warning: 8 of 8 predicted clips were fitted on, so their score flatters .* --oof/,
    );
  });

  it('scores what is labelled, shows tables, and saves them', async () => {
    const args = [
      ...test,
      '--annotations',
      'labelled.json',
      'test.json',
      '--tables',
      '--report',
      'deep/report.json',
    ];
    const { stdout } = await succeed(
      ['ensemble', ...args, '--weights', '1,0.7', '--out', 'e.csv'],
      work.folder,
    );
    expect(stdout).toMatch(/^test-right +1\.0000/m);
    expect(stdout).toMatch(/^test-wrong +\.\d{4}/m);
    expect(stdout).toMatch(/^differ +test-right +test-wrong\ntest-right +\.000 +1\.000$/m);
    expect(stdout).toMatch(/^category +rows +test-right +test-wrong +ensemble +gain on test-right$/m);
    expect(stdout.endsWith('\ne.csv\n')).toBe(true);
    expect(await readJson(join(work.folder, 'deep/report.json'))).toMatchObject({
      weights: [1, 0.7],
      predicted: {
        clips: 3,
        disagreement: [
          [0, 1],
          [1, 0],
        ],
        scored: { ensemble: { meanF1: 1 } },
      },
    });
  });

  it('averages logits where told, which may choose otherwise', async () => {
    const ids = ['t0'];
    const write = (file: string, ...values: number[]) => {
      const logits = { dtype: 'float32' as const, shape: [1, 3], data: Float32Array.from(values) };
      return writeLogits(join(work.folder, file), { ids, categories, logits });
    };
    await write('sure.safetensors', 9, 0, 0);
    await write('two.safetensors', 0, 3, 0);
    const both = ['--logits', 'sure.safetensors', 'two.safetensors', '--weights', '0.8,1'];
    await succeed(['ensemble', ...both, '--out', 'p.csv'], work.folder);
    await succeed(['ensemble', ...both, '--of', 'logits', '--out', 'l.csv'], work.folder);
    expect([await predicted('p.csv'), await predicted('l.csv')]).toEqual([['t0,0116'], ['t0,0012']]);
  });

  it.each([
    [[...test, '--search', '--stack', '--annotations', 'test.json'], /--stack: found --search too/],
    [[...test, '--search'], /--annotations: found nothing; expected labelled clips for --search/],
    [[...test, ...oof], /--oof: found nothing to fit; expected --search or --stack/],
    [[...test, '--weights', '1'], /weights: found 1 \(1\); expected 2 numbers/],
    [
      [...test, '--search', '--oof', 'right.safetensors', '--annotations', 'labelled.json'],
      /found 1 files; expected 2/,
    ],
    [
      [...test, '--stack', ...oof, '--annotations', 'test.json'],
      /no category for 8 of 8 clips, such as 'c0'/,
    ],
    [
      ['--logits', 'test-right.safetensors', 'wrong.safetensors'],
      /wrong.safetensors.*no predictions for 3 videos/,
    ],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await run(...args, '--out', 'none.csv');
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
