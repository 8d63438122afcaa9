// nx run bench:learning: what the small models learn from the full sample data, row by row, mean over seeds. Each row is
// a chain of stages of the program's own pipeline; stages that were done before are not done again.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  .option('size', { type: 'number', default: 64, describe: 'height and width of the clips' })
  .strict()
  .fail((message, error) => {
    if (error) throw error;
    process.stderr.write(`bench:learning: ${message}\n`);
    process.exit(2);
  })
  .parse();

const { splitSeed } = options;
const seeds = options.seeds.split(',').map(Number);
const chosen = chooseRows(options.rows);
const folder = join(options.out, `split-${splitSeed}`);
const data = join(folder, 'data');
await mkdir(folder, { recursive: true });
await reelbert('data', 'sample', '--out', data, '--split-seed', `${splitSeed}`, '--size', `${options.size}`);

const scores = new Map<string, number[]>();
for (const row of chosen) {
  const results = row.ensembleOf ? [await ensembleScore(row.ensembleOf)] : await rowScores(row);
  scores.set(row.id, results);
  process.stderr.write(`${row.label}: ${results.map((score) => score.toFixed(3)).join(' ')}\n`);
}
const table = printTable(chosen, scores, comparisons, { splitSeed, seeds });
process.stdout.write(table);
await writeFile(join(folder, 'table.txt'), table);

function chooseRows(list: string | undefined): LearningRow[] {
  const wanted = list?.split(',') ?? ids;
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown !== undefined || seeds.some((seed) => !Number.isInteger(seed))) {
    const problem =
      unknown === undefined
        ? `--seeds ${options.seeds}: integers`
        : `--rows ${unknown}: one of ${ids.join(', ')}`;
    process.stderr.write(`bench:learning: ${problem}\n`);
    process.exit(2);
  }
  return learningRows.filter((row) => wanted.includes(row.id));
}

async function rowScores(row: LearningRow): Promise<number[]> {
  const found: number[] = [];
  for (const seed of seeds) {
    const stages = row.stages!(seed);
    await pipeline(`${row.id}-${seed}`, stages);
    found.push(await evaluate(join(folder, 'stages', stages.at(-1)!.name, 'predictions.csv')));
  }
  return found;
}

/** The ensemble of a row's models, one a seed. */
async function ensembleScore(id: string): Promise<number> {
  const row = learningRows.find((other) => other.id === id)!;
  const members = seeds.map((seed) => row.stages!(seed));
  const name = `ensemble-${id}`;
  const stages = [...new Map(members.flat().map((stage) => [stage.name, stage])).values()];
  const predictions = members.map((chain) => chain.at(-1)!.name);
  await pipeline(name, [...stages, { name, stage: 'ensemble', members: predictions }]);
  return evaluate(join(folder, 'stages', name, 'predictions.csv'));
}

async function pipeline(name: string, stages: readonly Stage[]): Promise<void> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, JSON.stringify({ data, stages }, null, 2)); // JSON is YAML
  await reelbert('pipeline', '--config', file, '--out', join(folder, 'stages'));
}

async function evaluate(predictions: string): Promise<number> {
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

/** Runs the program; its standard output. Ends this process with the same status where that fails. */
function reelbert(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (status) => {
      if (status === 0) return resolve(output);
      process.stderr.write(`bench:learning: reelbert ${args.join(' ')} ended with status ${status}\n`);
      process.exit(status ?? 1);
    });
  });
}
