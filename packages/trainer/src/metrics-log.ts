import { appendFile, readFile, truncate } from 'node:fs/promises';

import type { RunFolder } from './run-folder.js';
import { TensorBoardLog } from './tensorboard.js';

/** One line of metrics.jsonl: `step` and `epoch`, then numbers by name (`loss`, `loss.NAME`, `lr`, `eval.meanF1`...). */
export type MetricsRecord = Readonly<Record<string, number>> & {
  readonly step: number;
  readonly epoch: number;
};

/** The run's metrics, one JSON record a line, appended as they come, and the same for TensorBoard. */
export class MetricsLog {
  private constructor(
    readonly file: string,
    private readonly tensorboard: TensorBoardLog,
  ) {}

  /** Opens the file and drops what was written after `step`, so that a resumed run repeats no record. */
  static async open(run: Pick<RunFolder, 'metrics' | 'tensorboard'>, step: number): Promise<MetricsLog> {
    const file = run.metrics;
    const text = await readFile(file, 'utf8').catch(absent);
    const all = lines(text);
    const later = all.findIndex((line) => !((parse(line)?.step ?? Infinity) <= step));
    const kept = later < 0 ? all : all.slice(0, later);
    const size = Buffer.byteLength(kept.map((line) => line + '\n').join(''));
    if (size < Buffer.byteLength(text)) await truncate(file, size);
    return new MetricsLog(file, await TensorBoardLog.open(run.tensorboard, step));
  }

  /** Adds a record; values that JSON can't hold (not finite) are left out. */
  async append(record: MetricsRecord): Promise<void> {
    const finite = Object.entries(record).filter(([, value]) => Number.isFinite(value));
    await appendFile(this.file, JSON.stringify(Object.fromEntries(finite)) + '\n');
    await this.tensorboard.append(record);
  }
}

/** All complete records of a metrics file, in order; none if there is no such file. */
export async function readMetrics(file: string): Promise<MetricsRecord[]> {
  return lines(await readFile(file, 'utf8').catch(absent)).flatMap((line) => parse(line) ?? []);
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function parse(line: string): MetricsRecord | undefined {
  try {
    return JSON.parse(line) as MetricsRecord;
  } catch {
    return undefined;
  }
}

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
