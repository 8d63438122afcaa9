import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { WorkPlan } from './plan.js';

/**
 * Who does the work. `ours` is compiled, `ours-eager` the same op by op; `reference` is PyTorch as the original uses it,
 * `best` with what it has that is faster; `onnxruntime` runs the vision tower that PyTorch exported.
 */
export type Side = 'ours' | 'ours-eager' | 'reference' | 'best' | 'onnxruntime';

export interface SidePlan extends WorkPlan {
  readonly side: Side;
  readonly threads: number;
}

export interface Timing {
  readonly seconds: number;
  /** The process's high-water mark so far. */
  readonly peakBytes: number;
}

type Versions = Readonly<Record<string, string>>;

/** A process that does one side's piece of work when told to, and waits otherwise. */
export class SideProcess {
  readonly side: Side;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #messages = '';

  /** @param python the interpreter for PyTorch's sides */
  constructor(
    readonly plan: SidePlan,
    python: string,
  ) {
    this.side = plan.side;
    const [command, ...args] = commandOf(plan.side, python);
    const env = {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: `${plan.threads}`,
      TF_NUM_INTRAOP_THREADS: `${plan.threads}`,
    };
    this.#child = spawn(command!, args, { env });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#messages += chunk.toString()));
    this.#child.stdin.on('error', () => undefined); // it ended; the answer that doesn't come says so
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Sends the plan; versions of what it runs on. */
  async start(): Promise<Versions> {
    const { versions } = await this.#ask<{ versions: Versions }>(JSON.stringify(this.plan));
    return versions;
  }

  /** Does a batch of each shape. */
  warmUp(): Promise<Timing> {
    return this.#ask('warm-up');
  }

  /** Does all of the plan's batches. */
  round(): Promise<Timing> {
    return this.#ask('round');
  }

  /** Processor time that it has used so far. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 on
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }

  async #ask<T>(line: string): Promise<T> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (!done) return JSON.parse(value) as T;
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    const why = this.#child.signalCode ?? `status ${this.#child.exitCode}`;
    throw new Error(`${this.plan.work}, ${this.side}: ended with ${why}\n${this.#messages.slice(-2000)}`);
  }
}

/** Linux's USER_HZ, which is 100 on x64 and arm64. */
const ticksPerSecond = 100;

function commandOf(side: Side, python: string): string[] {
  if (side === 'ours' || side === 'ours-eager') {
    const own = new URL(`./our-side${extname(import.meta.url)}`, import.meta.url);
    return [process.execPath, ...process.execArgv, fileURLToPath(own)];
  }
  return [python, fileURLToPath(new URL('../../python/side.py', import.meta.url))];
}
