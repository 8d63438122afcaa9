import type { Reporter } from '../terminal/reporter.js';

/** What every stage is told beside its configuration. */
export interface StageOptions {
  /** The run's folder. */
  readonly out: string;
  /** Go on with an unfinished run in that folder. */
  readonly resume?: boolean | undefined;
  /** Remove a run of another configuration or other inputs instead of refusing; go on with an unfinished one. */
  readonly replace?: boolean | undefined;
  /** Run operation by operation instead of compiled. */
  readonly eager?: boolean | undefined;
  /** Threads to compute and to decode images with; all cores where absent. Those of a process's first stage hold for all. */
  readonly threads?: number | undefined;
  /** When it aborts, the stage saves its state and throws `Interrupted`. */
  readonly signal?: AbortSignal | undefined;
  readonly reporter: Reporter;
}
