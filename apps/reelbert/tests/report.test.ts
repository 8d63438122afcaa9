import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { label, lineChart } from '../src/report/chart.js';
import { reelbert, succeed, workFolder } from './program.js';

describe('a line chart', () => {
  const chart = lineChart('a < b', [
    { name: 'first', points: [[10, 0.5], [20, 2]] }, // prettier-ignore
    { name: 'second', points: [[10, 1]] },
  ]);

  it('places steps and values between round ticks', () => {
    // 640 x 240 pixels less the margins: steps 10 to 20 from 64 to 616, values 0.5 to 2 from 212 up to 12.
    expect(chart).toContain('points="64.0,212.0 616.0,12.0"');
    expect(chart.match(/class="column">[^<]*/g)).toEqual(
      ['10', '12', '14', '16', '18', '20'].map((tick) => `class="column">${tick}`),
    );
    expect(chart.match(/class="row">[^<]*/g)).toEqual(
      ['0.5', '1', '1.5', '2'].map((tick) => `class="row">${tick}`),
    );
  });

  it('names its lines with their last values', () => {
    expect(chart).toContain('<title>first, last 2</title>');
    expect(chart).toMatch(/<\/span>second <b>1<\/b>/);
    expect(lineChart('one', [{ name: 'only', points: [[1, 1]] }])).not.toContain('<ul>');
  });

  it('escapes names', () => {
    expect(chart).toContain('<figcaption>a &lt; b</figcaption>');
  });

  it.each([
    [[[1, 5]]],
    [[[1, 0], [2, 0]]], // prettier-ignore
    [[[1, -3], [2, -3]]], // prettier-ignore
    [[[1, 1e-9], [500, 3e12]]], // prettier-ignore
  ] as const)('holds %j within its frame', (points) => {
    const drawn = /points="([^"]*)"/.exec(lineChart('x', [{ name: 'x', points }]))![1]!;
    for (const place of drawn.split(' ')) {
      const [x, y] = place.split(',').map(Number) as [number, number];
      expect(x >= 64 && x <= 616 && y >= 12 && y <= 212, place).toBe(true);
    }
  });

  it.each([
    [0, '0'],
    [0.30000000000000004, '0.3'],
    [2e-5, '2e-5'],
    [1.23456e-5, '1.23e-5'],
    [7.999999e-4, '8e-4'],
    [-1500, '-1500'],
    [25000, '25k'],
    [1_108_713_472, '1.1087G'],
  ])('writes %d as %s', (value, text) => {
    expect(label(value)).toBe(text);
  });
});

describe('report', { timeout: 60_000 }, () => {
  let work: Awaited<ReturnType<typeof workFolder>>;
  beforeAll(async () => {
    work = await workFolder();
    await mkdir(join(work.folder, 'run/best'), { recursive: true });
    const write = (name: string, text: string) => writeFile(join(work.folder, 'run', name), text);
    await write('config.yaml', 'seed: 0\ndata:\n  folder: clips\n  test: test.json\n');
    await write('environment.json', '{"node": "v20.1.2", "backend": {"name": "<tensorflow>"}}');
    const records = [
      { step: 10, epoch: 0, seconds: 61, lr: 0.01, loss: 2.5, 'loss.mlm': 1.5, 'loss.itm': 1 },
      { step: 10, epoch: 0, 'eval.meanF1': 0.25 },
      { step: 20, epoch: 1, seconds: 130, lr: 0, loss: 2, 'loss.mlm': 1.25, 'loss.itm': 0.75 },
      { step: 20, epoch: 1, 'eval.meanF1': 0.5 },
      { step: 20, epoch: 1, averaged: 3, 'eval.meanF1': 0.75 },
    ];
    await write('metrics.jsonl', records.map((record) => JSON.stringify(record) + '\n').join(''));
    await write('best/scores.json', '{"step": 20, "meanF1": 0.4321, "lv1Micro": 0.5}');
    await write('quarantine.json', '{"counts": {"broken-zip": 2}, "items": []}');
  });
  afterAll(() => work.remove());

  const page = async (file: string) => readFile(join(work.folder, file), 'utf8');

  it('of an unfinished run has configuration, curves, scores and environment, and needs nothing else', async () => {
    const { stdout } = await succeed(['report', 'run'], work.folder);
    expect(stdout).toBe('report: run/report.html\n');
    const html = await page('run/report.html');
    expect(html).toContain('<td>not finished</td>');
    expect(html).toContain('<td>20, after 2 min 10 s of training</td>');
    expect(html).toContain('<td>2 broken-zip</td>');
    expect(html).toMatch(/<title>mlm, last 1\.25<\/title><polyline points="\S+ \S+"\/>/);
    expect(html).toMatch(/<title>meanF1, last 0\.5<\/title>/); // not the averaged weights' score
    expect(html).toMatch(/best weights, validation<\/th><td>\.4321<\/td><td>\.5000<\/td><td><\/td>/);
    expect(html).toContain('  folder: clips\n');
    expect(html).toContain('<th>backend.name</th><td>&lt;tensorflow&gt;</td>');
    expect(html).not.toMatch(/<script|<link|src=|href=|url\(|http/);
    expect(html).not.toContain('<h2>Categories</h2>');
  });

  it("of a run with test predictions has every category's scores", async () => {
    await cp(join(work.folder, 'run'), join(work.folder, 'scored'), { recursive: true });
    const test = JSON.parse(await page('clips/test.json')) as { id: string; category_id: string }[];
    const wrong = test.map(({ id }) => `${id},${test[0]!.category_id}\n`).join('');
    await writeFile(join(work.folder, 'scored/test-predictions.csv'), wrong);
    await succeed(['report', 'scored', '--out', 'pages/scored.html'], work.folder);
    const html = await page('pages/scored.html');
    expect(html).toContain(`predictions of ${test.length} clips`);
    for (const category of new Set(test.map((clip) => clip.category_id))) {
      expect(html).toMatch(new RegExp(`<th>${category}</th><td>[.1]\\d*`));
    }
    const given = ['--predictions', 'scored/test-predictions.csv', '--annotations', 'clips/test.json'];
    await succeed(['report', 'run', '--out', 'pages/given.html', ...given], work.folder);
    expect(await page('pages/given.html')).toContain('<h2>Categories</h2>');
  });

  it.each([
    ['no folder', ['report', 'nowhere'], /nowhere: found no training run/],
    ['a folder of runs', ['report', '.'], /expected one of run/],
    ['predictions alone', ['report', 'run', '--predictions', 'p.csv'], /--annotations/],
    ['no run named', ['report'], /at least 1/],
  ])('refuses %s', async (_, args, message) => {
    const { status, stderr } = await reelbert(args, work.folder);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(2);
  });

  it('refuses an environment that is no JSON', async () => {
    await cp(join(work.folder, 'run'), join(work.folder, 'damaged'), { recursive: true });
    await writeFile(join(work.folder, 'damaged/environment.json'), '{"node"');
    const { status, stderr } = await reelbert(['report', 'damaged'], work.folder);
    expect(stderr).toMatch(/damaged\/environment\.json: found .*JSON/);
    expect(status).toBe(2);
    await rm(join(work.folder, 'damaged/environment.json'));
    await succeed(['report', 'damaged'], work.folder);
  });
});
