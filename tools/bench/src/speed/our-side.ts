// Our side of the speed benchmark, one piece of work in one process; the protocol is that of python/side.py.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { createProgram, type HostTensors } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';

import { prepareWork, type ProgramWork } from './our-work.js';
import type { SidePlan, Timing } from './side-process.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const plan = JSON.parse((await lines.next()).value as string) as SidePlan;
const { version, compiled } = await startBackend();
const mode = plan.side === 'ours' && compiled ? 'compiled' : 'eager';
const program = createProgram({ mode, intraOpThreads: plan.threads });
const work = await prepareWork(program, plan);
answer({ versions: { tensorflow: `${version}${plan.side === 'ours' && !compiled ? ', op by op' : ''}` } });

for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  const started = performance.now();
  if (line === 'round') await round(work);
  else await warmUp(work);
  answer({ seconds: (performance.now() - started) / 1000, peakBytes: peakBytes() } satisfies Timing);
}
program.dispose();

async function round({ functionName, inputs, round }: ProgramWork): Promise<void> {
  if (round) return round();
  for (const batch of inputs) await program.run(functionName, batch);
}

/** Each signature is recorded and run once. */
async function warmUp({ functionName, inputs }: ProgramWork): Promise<void> {
  const bySignature = new Map(inputs.map((batch) => [signature(batch), batch]));
  for (const batch of bySignature.values()) await program.run(functionName, batch);
}

function signature(batch: HostTensors): string {
  return JSON.stringify(Object.entries(batch).map(([name, { shape }]) => [name, shape]));
}

/** High-water mark of the process's memory. */
function peakBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
