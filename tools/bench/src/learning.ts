// nx run bench:learning: what the small models learn from the full sample data, row by row, mean over seeds. Each row is
// a chain of stages of the program's own pipeline; stages that were done before are not done again. Chains of different
// rows and seeds run side by side, one thread each: models this small don't fill more.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import pLimit from 'p-limit';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import { comparisons, learningRows, type LearningRow, type Stage } from './learning-rows.js';
import { printTable } from './learning-table.js';

const program = fileURLToPath(new URL('../../../apps/reelbert/bin/reelbert.js', import.meta.url));

const ids = learningRows.map((row) => row.id);
const options = await yargs(hideBin(process.argv))
  .scriptName('bench:learning')
  .usage('What is learned from the full sample data, as mean F1 on its held-out concepts')
  .option('split-seed', {
    type: 'number',
    default: 802,
    describe: 'of the split into known and held-out concepts',
  })
  .option('rows', { type: 'string', describe: `comma-separated, of: ${ids.join(', ')}; default: all` })
  .option('seeds', { type: 'string', default: '0,1,2', describe: 'comma-separated seeds of training' })
  .option('out', {
    type: 'string',
    default: 'runs/learning',
    describe: 'folder for data, runs and the table',
  })
  .option('jobs', {
    type: 'number',
    default: availableParallelism(),
    describe: 'stages that run at a time',
  })
  .option('size', { type: 'number', default: 64, describe: 'height and width of the clips' })
  .strict()
  .fail((message, error) => {
    if (error) throw error;
    process.stderr.write(`bench:learning: ${message}\n`);
    process.exit(2);
  })
  .parse();

const { splitSeed, jobs } = options;
const seeds = options.seeds.split(',').map(Number);
const chosen = chooseRows(options.rows);
const folder = join(options.out, `split-${splitSeed}`);
const data = join(folder, 'data');
await mkdir(folder, { recursive: true });
await reelbert('data', 'sample', '--out', data, '--split-seed', `${splitSeed}`, '--size', `${options.size}`);

const limit = pLimit(jobs);
const started = new Map<string, Promise<void>>();
const results = await Promise.all(
  chosen.map(async (row) => {
    const found = row.ensembleOf ? [await ensembleScore(row.ensembleOf)] : await rowScores(row);
    process.stderr.write(`${row.id}: ${found.map((score) => score.toFixed(3)).join(' ')}\n`);
    return [row.id, found] as const;
  }),
);
const scores = new Map(results);
const table = printTable(chosen, scores, comparisons, { splitSeed, seeds });
process.stdout.write(table);
await writeFile(join(folder, 'table.txt'), table);

function chooseRows(list: string | undefined): LearningRow[] {
  const wanted = list?.split(',') ?? ids;
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown !== undefined) refuse(`--rows ${unknown}: one of ${ids.join(', ')}`);
  if (!seeds.every(Number.isInteger)) refuse(`--seeds ${options.seeds}: integers`);
  if (!Number.isInteger(jobs) || jobs < 1) refuse(`--jobs ${jobs}: an integer of at least 1`);
  return learningRows.filter((row) => wanted.includes(row.id));
}

function refuse(problem: string): never {
  process.stderr.write(`bench:learning: ${problem}\n`);
  process.exit(2);
}

async function rowScores(row: LearningRow): Promise<number[]> {
  const chains = seeds.map((seed) => row.stages!(seed));
  await Promise.all(chains.map(runChain));
  const found: number[] = [];
  for (const chain of chains) found.push(await evaluate(chain.at(-1)!.name));
  return found;
}

/** The ensemble of a row's models, one a seed. */
async function ensembleScore(id: string): Promise<number> {
  const row = learningRows.find((other) => other.id === id)!;
  const chains = seeds.map((seed) => row.stages!(seed));
  await Promise.all(chains.map(runChain));
  const name = `ensemble-${id}`;
  const members = chains.map((chain) => chain.at(-1)!.name);
  await pipeline([...chains.flat(), { name, stage: 'ensemble', members }]);
  return evaluate(name);
}

/** Runs a chain's stages one after the other; a stage that another chain has too runs once. */
async function runChain(chain: readonly Stage[]): Promise<void> {
  for (const [index, { name }] of chain.entries()) {
    if (!started.has(name)) started.set(name, pipeline(chain.slice(0, index + 1)));
    await started.get(name);
  }
}

/** Runs the last of these stages; the others have been done. */
function pipeline(stages: readonly Stage[]): Promise<void> {
  return limit(async () => {
    const { name } = stages.at(-1)!;
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, JSON.stringify({ data, stages }, null, 2)); // JSON is YAML
    const begin = performance.now();
    await reelbert('pipeline', '--config', file, '--out', join(folder, 'stages'));
    process.stderr.write(`  ${name}: ${Math.round((performance.now() - begin) / 1000)} s\n`);
  });
}

async function evaluate(stage: string): Promise<number> {
  const predictions = join(folder, 'stages', stage, 'predictions.csv');
  const text = await reelbert(
    'evaluate',
    '--predictions',
    predictions,
    '--annotations',
    join(data, 'test.json'),
    '--json',
  );
  return (JSON.parse(text) as { meanF1: number }).meanF1;
}

/** Runs the program; its standard output. Where that fails, ends this process with its messages and status. */
function reelbert(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { TF_NUM_INTRAOP_THREADS: '1', ...process.env };
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let messages = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (messages += chunk.toString()));
    child.on('close', (status) => {
      if (status === 0) return resolve(output);
      process.stderr.write(
        `${messages}bench:learning: reelbert ${args.join(' ')} ended with status ${status}\n`,
      );
      process.exit(status ?? 1);
    });
  });
}
