import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../bin/reelbert.js', import.meta.url));

/** A dozen clips in two classes. */
export const clipsFolder = fileURLToPath(new URL('./fixtures/clips', import.meta.url));

/** A configuration small enough for a few seconds. */
export const config = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/configs/${name}.yaml`, import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the program as a user would. */
export function start(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (status) => resolve({ status, stdout, stderr })),
  );
  return { child, ended };
}

/** Runs the program to its end. */
export function reelbert(args: readonly string[], cwd: string): Promise<Ended> {
  return start(args, cwd).ended;
}

/** Runs the program and gives its standard output; throws if it doesn't end well. */
export async function succeed(args: readonly string[], cwd: string): Promise<Ended> {
  const ended = await reelbert(args, cwd);
  if (ended.status !== 0)
    throw new Error(`reelbert ${args.join(' ')}: status ${ended.status}\n${ended.stderr}`);
  return ended;
}

/** A folder for one test file, with a copy of the clips in it. */
export async function workFolder(): Promise<{ folder: string; clips: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'reelbert-'));
  const clips = join(folder, 'clips');
  await cp(clipsFolder, clips, { recursive: true });
  return { folder, clips, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

/** The records of a run's metrics.jsonl. */
export async function readMetrics(run: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, number>);
}
