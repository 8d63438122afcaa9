import { roundFlops } from './flops.js';
import { sampleCount, type WorkName, type WorkPlan } from './plan.js';
import { SideProcess, type Side, type Timing } from './side-process.js';

/** What one side needed for a piece of work. */
export interface SideResult {
  readonly side: Side;
  /** Of each round. */
  readonly seconds: readonly number[];
  /** Processor time of each round, of all threads together. */
  readonly cpuSeconds: readonly number[];
  /** The process's high-water mark. */
  readonly peakBytes: number;
}

export interface WorkResult {
  readonly work: WorkName;
  /** Real samples of a round. */
  readonly samples: number;
  /** Of matrix products on real tokens, a round. */
  readonly flops: number;
  readonly sides: readonly SideResult[];
  /** What went wrong: a side that failed, one that computed while it should have waited. */
  readonly problems: readonly string[];
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly python: string;
  readonly onVersions: (versions: Readonly<Record<string, string>>) => void;
}

/** Work whose sides don't fit into memory together: each turn is a process of its own, warmed up anew. */
const alone: readonly WorkName[] = ['pretraining', 'end-to-end', 'two-stream'];

/** A waiting process may use this share of one core. */
const idleShare = 0.1;

/** Lets the sides do a plan's round in turn, `rounds` times. */
export async function measureWork(
  plan: WorkPlan,
  sides: readonly Side[],
  options: MeasureOptions,
): Promise<WorkResult> {
  const timings = new Map<Side, RoundTiming[]>(sides.map((side) => [side, []]));
  const problems: string[] = [];
  const fail = (side: Side, error: unknown) => {
    timings.delete(side);
    problems.push((error as Error).message.trim());
  };
  const turns = alone.includes(plan.work) ? aloneTurns : togetherTurns;
  await turns(plan, timings, options, { fail, note: (problem) => problems.push(problem) });
  return {
    work: plan.work,
    samples: sampleCount(plan),
    flops: roundFlops(plan),
    sides: [...timings].map(([side, rounds]) => ({
      side,
      seconds: rounds.map(({ seconds }) => seconds),
      cpuSeconds: rounds.map(({ cpuSeconds }) => cpuSeconds),
      peakBytes: Math.max(...rounds.map(({ peakBytes }) => peakBytes)),
    })),
    problems,
  };
}

type RoundTiming = Timing & { readonly cpuSeconds: number };

async function timedRound(side: SideProcess): Promise<RoundTiming> {
  const before = side.cpuSeconds();
  const timing = await side.round();
  return { ...timing, cpuSeconds: side.cpuSeconds() - before };
}

interface Complaints {
  readonly fail: (side: Side, error: unknown) => void;
  readonly note: (problem: string) => void;
}

type Turns = (
  plan: WorkPlan,
  timings: Map<Side, RoundTiming[]>,
  options: MeasureOptions,
  complaints: Complaints,
) => Promise<void>;

const aloneTurns: Turns = async (plan, timings, options, { fail }) => {
  for (let round = 0; round < options.rounds; round++) {
    for (const side of [...timings.keys()]) {
      const running = await startedSide(plan, side, options, fail);
      if (!running) continue;
      await timedRound(running).then(
        (timing) => timings.get(side)!.push(timing),
        (error: unknown) => fail(side, error),
      );
      await running.stop();
    }
  }
};

const togetherTurns: Turns = async (plan, timings, options, { fail, note }) => {
  const running: SideProcess[] = [];
  for (const side of [...timings.keys()]) {
    const started = await startedSide(plan, side, options, fail);
    if (started) running.push(started);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const turn of running.filter(({ side }) => timings.has(side))) {
      const waiting = running.filter((other) => other !== turn && timings.has(other.side));
      const before = waiting.map((other) => other.cpuSeconds());
      try {
        const timing = await timedRound(turn);
        timings.get(turn.side)!.push(timing);
        waiting.forEach((other, i) => {
          const used = other.cpuSeconds() - before[i]!;
          if (used > idleShare * timing.seconds + 0.1) {
            note(
              `${plan.work}: ${other.side} used ${used.toFixed(1)} s of processor while ${turn.side} ran ${timing.seconds.toFixed(1)} s`,
            );
          }
        });
      } catch (error) {
        fail(turn.side, error);
      }
    }
  }
  for (const side of running) await side.stop();
};

/** The side's process, warmed up; undefined, and reported, if it fails. */
async function startedSide(
  plan: WorkPlan,
  side: Side,
  { threads, python, onVersions }: MeasureOptions,
  fail: Complaints['fail'],
): Promise<SideProcess | undefined> {
  const started = new SideProcess({ ...plan, side, threads }, python);
  try {
    onVersions(await started.start());
    await started.warmUp();
    return started;
  } catch (error) {
    fail(side, error);
    await started.stop();
    return undefined;
  }
}
