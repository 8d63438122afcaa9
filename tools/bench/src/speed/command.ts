import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { InputError } from '@reelbert/data';
import yargs from 'yargs';

import { drawGrowth, formatGrowth, measureGrowth } from './growth.js';
import { describeMachine, gitCommit } from './machine.js';
import { measureWork, type MeasureOptions, type WorkResult } from './measure.js';
import { workNames, workPlan, type Extent, type WorkName } from './plan.js';
import { profileStep } from './profile.js';
import { formatRecording, measureRecording } from './recording.js';
import { availableSides, sidesOf } from './sides.js';
import { formatSpeed } from './speed-table.js';
import { writeZippedFrames } from './zipped-frames.js';

/** Where the command writes. */
export interface Output {
  readonly result: (text: string) => void;
  /** Progress, and what is wrong. */
  readonly message: (text: string) => void;
}

/**
 * The command `bench:run`; its options are in its `--help`. Returns its exit status: 0, or 2 for wrong options.
 *
 * @param from a relative path of an interpreter is meant from here
 * @param extents what stands for full and for `--quick` measurements; tests take tiny ones
 */
export async function benchRun(
  argv: readonly string[],
  from: string,
  output: Output,
  extents: { readonly full: Extent; readonly quick: Extent } = { full: 'full', quick: 'quick' },
): Promise<number> {
  try {
    const options = await parseOptions(argv, from);
    const extent = options.quick ? extents.quick : extents.full;
    if (options.profile !== undefined) {
      output.result(await profileStep(options.profile, extent, options));
    } else if (options.recording) {
      output.result(formatRecording(await measureRecording(extent, options.threads)));
    } else if (options.lengths) {
      await runGrowth(options, extent, output);
    } else {
      await runSpeed(options, extent, output);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    output.message(`bench:run: ${error.message}\n`);
    return 2;
  }
}

interface Options {
  readonly arms: readonly WorkName[];
  readonly rounds: number;
  readonly threads: number;
  readonly python: string;
  readonly quick: boolean;
  readonly lengths: boolean;
  readonly recording: boolean;
  readonly profile?: WorkName | undefined;
  readonly nodes: number;
  readonly out: string;
}

async function parseOptions(argv: readonly string[], from: string): Promise<Options> {
  const parsed = await yargs(argv)
    .scriptName('bench:run')
    .usage('How fast it is, beside PyTorch on the same work in the same run')
    .option('arms', {
      type: 'string',
      describe: `comma-separated, of: ${workNames.join(', ')}; default: all`,
    })
    .option('rounds', { type: 'number', default: 3, describe: 'how often each side has its turn' })
    .option('threads', { type: 'number', default: availableParallelism(), describe: 'of every side' })
    .option('python', { type: 'string', default: 'python3', describe: "interpreter for PyTorch's sides" })
    .option('quick', { type: 'boolean', default: false, describe: 'two batches a round' })
    .option('lengths', { type: 'boolean', default: false, describe: 'only: step time by length of text' })
    .option('recording', { type: 'boolean', default: false, describe: 'only: time to record and first runs' })
    .option('profile', {
      choices: workNames,
      describe: "only: where one of our arm's steps spends time and memory",
    })
    .option('nodes', { type: 'number', default: 25, describe: 'how many single nodes a profile lists' })
    .option('out', { type: 'string', default: 'runs/bench', describe: 'folder of the history and the chart' })
    .version(false)
    .strict()
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new InputError({ expected: `options as in --help (${message})` });
    })
    .parseAsync();
  for (const field of ['rounds', 'threads', 'nodes'] as const) {
    if (!Number.isInteger(parsed[field]) || parsed[field] < 1) {
      throw new InputError({
        field: `--${field}`,
        found: `${parsed[field]}`,
        expected: 'an integer of at least 1',
      });
    }
  }
  const python = parsed.python.includes('/') ? resolve(from, parsed.python) : parsed.python;
  return { ...parsed, python, arms: parseArms(parsed.arms) };
}

function parseArms(list: string | undefined): readonly WorkName[] {
  const names = list?.split(',') ?? workNames;
  return names.map((name) => {
    const work = workNames.find((known) => known === name);
    if (work) return work;
    throw new InputError({ field: '--arms', found: name, expected: `one of ${workNames.join(', ')}` });
  });
}

async function runGrowth({ rounds, threads, out }: Options, extent: Extent, output: Output): Promise<void> {
  const points = await measureGrowth(extent, rounds, threads);
  const file = join(out, 'lengths.svg');
  await mkdir(out, { recursive: true });
  await writeFile(file, drawGrowth(points));
  output.result(`${formatGrowth(points)}${file}\n`);
}

async function runSpeed(options: Options, extent: Extent, output: Output): Promise<void> {
  const available = await availableSides(options.python);
  if (available.missing) output.message(`${available.missing}\n`);
  const versions: Record<string, string> = { node: process.versions.node };
  const onVersions = (found: Readonly<Record<string, string>>) => void Object.assign(versions, found);
  const results: WorkResult[] = [];
  for (const work of options.arms) {
    const sides = sidesOf(work, available);
    output.message(`${work}: ${sides.join(', ')} ...\n`);
    results.push(await measureArm(work, extent, sides, { ...options, onVersions }));
  }
  const machine = describeMachine();
  const { rounds, threads, out, quick } = options;
  const settings = { rounds, threads, quick };
  output.result(
    `${machine.cpu} (${machine.features.join(' ')}), ${machine.cores} cores, ${threads} threads, ${rounds} rounds; ` +
      `${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}\n${formatSpeed(results)}`,
  );
  const record = {
    date: new Date().toISOString(),
    machine,
    versions,
    commit: await gitCommit(),
    settings,
    results,
  };
  await mkdir(out, { recursive: true });
  await appendFile(join(out, 'history.jsonl'), `${JSON.stringify(record)}\n`);
}

async function measureArm(
  work: WorkName,
  extent: Extent,
  sides: ReturnType<typeof sidesOf>,
  options: MeasureOptions,
): Promise<WorkResult> {
  const plan = workPlan(work, extent);
  if (work !== 'jpeg-features') return measureWork(plan, sides, options);
  const frames = await mkdtemp(join(tmpdir(), 'reelbert-bench-'));
  try {
    await writeZippedFrames(frames, plan.batches.length, plan.batches[0]!.length);
    return await measureWork({ ...plan, frames }, sides, options);
  } finally {
    await rm(frames, { recursive: true });
  }
}
