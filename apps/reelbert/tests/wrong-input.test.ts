import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readFrames } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { frameArchivePath, zipFrames } from '../src/sample-data/frame-archive.js';
import { config, readJson, reelbert, succeed, workFolder } from './program.js';

let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  work = await workFolder();
  await mkdir(join(work.folder, 'bad'));
});
afterAll(() => work.remove());

const write = (name: string, text: string) => writeFile(join(work.folder, 'bad', name), text);
const stackTrace = /^\s+at .*:\d+/m;

/** Runs the program, expects status 2 and no stack trace, and gives the message. */
async function refusal(args: readonly string[]): Promise<string> {
  const { status, stderr } = await reelbert(args, work.folder);
  expect({ status, stderr }).toMatchObject({ status: 2 });
  expect(stderr).not.toMatch(stackTrace);
  return stderr;
}

const tower = [
  'clip-pretrain',
  '--config',
  config('tiny-tower'),
  '--out',
  'refused',
  '--set',
  'data.folder=clips',
];
const finetune = [
  'finetune',
  '--config',
  config('tiny-finetune'),
  '--out',
  'refused',
  '--set',
  'data.folder=clips',
];

describe('wrong input ends with status 2 and says what would be right', { timeout: 120_000 }, () => {
  it('a missing file', async () => {
    expect(await refusal([...tower, 'data.annotations=[nothing.json]'])).toMatch(
      /nothing\.json.*found nothing/,
    );
    const evaluate = ['evaluate', '--predictions', 'nothing.csv', '--annotations', 'clips/test.json'];
    expect(await refusal(evaluate)).toContain('nothing.csv');
    const predict = ['predict', '--model', 'nowhere', '--annotations', 'clips/test.json', '--out', 'p.csv'];
    expect(await refusal(predict)).toContain('nowhere');
  });

  it('malformed JSON, with the line', async () => {
    await write('malformed.json', '[\n  {"id": "a", "title": "b"},\n  {"id": "c", title: "d"}\n]\n');
    expect(await refusal([...tower, 'data.annotations=[../bad/malformed.json]'])).toContain('line 3');
  });

  it('malformed YAML, with the line', async () => {
    await write('malformed.yaml', 'seed: 1\ntraining: {epochs: 3\ntext: {}\n');
    expect(await refusal(['pretrain', '--config', 'bad/malformed.yaml'])).toMatch(/malformed\.yaml: line \d/);
  });

  it('an unknown configuration key, with its line and the keys that exist', async () => {
    await write('unknown.yaml', 'seed: 1\ntraining:\n  epoch: 3\n');
    const message = await refusal(['pretrain', '--config', 'bad/unknown.yaml']);
    expect(message).toMatch(
      /line 3, column 3: training\.epoch: found unknown key 'epoch'; expected one of epochs, /,
    );
    expect(await refusal([...tower, 'model.vision.size=3'])).toContain('expected one of hiddenSize, ');
  });

  it('a value of the wrong kind, naming the setting', async () => {
    expect(await refusal([...tower, 'training.epochs=many'])).toContain('--set training.epochs=many');
    expect(await refusal([...tower, 'training'])).toContain('path.to.key=value');
    expect(await refusal([...finetune, 'training.adversarial.kind=abc'])).toContain(
      'training.adversarial.kind',
    );
  });

  it('an unknown preset, with those that exist', async () => {
    expect(await refusal(['pretrain', '--config', 'tiny'])).toMatch(/small-pretrain/);
  });

  it('an unknown category', async () => {
    await write('category.json', '[{"id": "1f44b", "title": "a", "category_id": "9999"}]');
    expect(await refusal([...finetune, 'data.annotations=[../bad/category.json]'])).toMatch(
      /'1f44b'.*"9999"/,
    );
  });

  it('a labelled clip without category', async () => {
    await write('unlabelled.json', '[{"id": "1f44b", "title": "a"}]');
    expect(await refusal([...finetune, 'data.annotations=[../bad/unlabelled.json]'])).toContain(
      'category_id',
    );
  });

  it('an id twice', async () => {
    await write('twice.json', '[{"id": "1f44b", "title": "a"}, {"id": "1f44b", "title": "b"}]');
    expect(await refusal([...tower, 'data.annotations=[../bad/twice.json]'])).toContain('1f44b');
  });

  it.each([
    ['a command', ['pretrian'], /pretrain/],
    ['an option', ['pretrain', '--epochs', '3'], /epochs/],
    ['a missing option', ['predict'], /model/],
    ['no number', ['pretrain', '--max-steps', 'abc'], /--max-steps/],
    ['an option twice', ['pretrain', '--out', 'a', '--out', 'b'], /--out/],
    ['a fold without folds', ['finetune', '--fold', '1'], /--folds/],
    [
      'a shard that is none',
      ['predict', '--model', 'm', '--annotations', 'a', '--out', 'o', '--shard', '3/2'],
      /3\/2/,
    ],
  ])('%s', async (_, args, message) => {
    expect(await refusal(args)).toMatch(message);
  });

  it('predictions that lack a clip, or are none', async () => {
    await write('some.csv', '1f44b,0116\n');
    const evaluate = ['evaluate', '--annotations', 'clips/test.json', '--predictions'];
    expect(await refusal([...evaluate, 'bad/some.csv'])).toMatch(/no prediction for \d of 4 clips/);
    await write('none.csv', 'what is this\n');
    expect(await refusal([...evaluate, 'bad/none.csv'])).toContain('line 1');
  });

  it('a file that is no feature archive', async () => {
    await write('archive.zip', 'this is no zip');
    expect(await refusal([...finetune, 'data.features=bad/archive.zip'])).toContain('archive.zip');
  });

  it('too few clips for the tower that a run would train first, naming its configuration', async () => {
    const message = await refusal([...finetune, 'training.batchSize=2']);
    expect(message).toMatch(
      /small-clip-pretrain, by which a frame tower is trained first: training\.batchSize: found 64, with \d clips/,
    );
  });

  it('bfloat16 where it gains nothing, with the reason', async () => {
    process.env['REELBERT_BACKEND'] = 'wasm';
    try {
      expect(await refusal([...tower, 'training.precision=bf16'])).toMatch(
        /training\.precision.*the wasm backend has no bfloat16.*float32, or bf16-forced/,
      );
    } finally {
      delete process.env['REELBERT_BACKEND'];
    }
  });

  it('leaves nothing behind', async () => {
    await expect(readFile(join(work.folder, 'refused', 'config.yaml'))).rejects.toThrow('ENOENT');
  });
});

describe('broken clips', { timeout: 120_000 }, () => {
  const kinds = ['broken-zip', 'broken-image', 'no-frames', 'missing-frames'] as const;
  const broken: Record<string, string> = {};

  beforeAll(async () => {
    const clips = await readJson<{ id: string; title: string }[]>(join(work.clips, 'unlabelled.json'));
    kinds.forEach((kind, i) => (broken[kind] = clips[i + 1]!.id));
    const frames = join(work.clips, 'frames');
    const archive = (kind: (typeof kinds)[number]) => frameArchivePath(frames, broken[kind]!);
    const [image] = await readFrames(frames, broken['broken-image']!);
    await writeFile(archive('broken-image'), zipFrames([image!.bytes.subarray(0, image!.bytes.length / 2)]));
    await writeFile(archive('broken-zip'), 'PK, but no zip');
    await writeFile(archive('no-frames'), zipFrames([]));
    await rm(dirname(archive('missing-frames')), { recursive: true });
    clips[0]!.title = ' ';
    await writeFile(join(work.clips, 'unlabelled.json'), JSON.stringify(clips));
  });

  const expected = {
    'broken-zip': 1,
    'broken-image': 1,
    'no-frames': 1,
    'missing-frames': 1,
    'empty-title': 1,
  };

  it('are each named and counted by data check', async () => {
    const ended = await reelbert(
      [
        'data',
        'check',
        '--annotations',
        'clips/unlabelled.json',
        '--frames',
        'clips/frames',
        '--out',
        'list.json',
      ],
      work.folder,
    );
    expect(ended.status).toBe(2);
    expect(ended.stderr).not.toMatch(stackTrace);
    expect(ended.stderr).toContain('5 bad of 8 clips');
    const list = await readJson<{ counts: object; items: { id: string; kind: string }[] }>(
      join(work.folder, 'list.json'),
    );
    expect(list.counts).toEqual(expected);
    for (const [kind, id] of Object.entries(broken))
      expect(list.items).toContainEqual(expect.objectContaining({ kind, id }));
  });

  it('are left out of training, which goes on with the others', async () => {
    const args = ['clip-pretrain', '--config', config('tiny-tower'), '--out', 'tower'];
    const set = ['--set', 'data.folder=clips', 'training.batchSize=3'];
    const { stderr } = await succeed([...args, ...set], work.folder);
    expect(stderr).toContain('5 of 8 clips left out (tower/quarantine.json)');
    expect((await readJson<{ counts: object }>(join(work.folder, 'tower/quarantine.json'))).counts).toEqual(
      expected,
    );
  });

  it('have no features, and are left out of pretraining', async () => {
    const extract = [
      '--annotations',
      'clips/unlabelled.json',
      '--frames',
      'clips/frames',
      '--model',
      'tower',
    ];
    const extracted = await succeed(['features', 'extract', ...extract, '--out', 'f.zip'], work.folder);
    expect(extracted.stderr).toContain('4 of 8 clips left out');
    const set = ['data.folder=clips', 'data.features=f.zip', 'objectives.mmm=false', 'training.batchSize=3'];
    const args = ['pretrain', '--config', config('tiny-pretrain'), '--out', 'pretraining', '--set', ...set];
    expect((await succeed(args, work.folder)).stderr).toContain('5 of 8 clips left out');
  });

  it('end the run with status 2 if no clip is left', async () => {
    await write('lost.json', '[{"id": "nowhere", "title": "a"}]');
    expect(await refusal([...tower, 'data.annotations=[../bad/lost.json]'])).toContain('nowhere');
  });
});
