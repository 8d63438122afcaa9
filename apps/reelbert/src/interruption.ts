import { exitStatus } from './exit-status.js';

/** Watches for Ctrl-C and the request to terminate. */
export interface Interruption {
  /** Aborts at the first one: work at hand is finished and saved. */
  readonly signal: AbortSignal;
  /** Stops watching. */
  end(): void;
}

/** The first SIGINT or SIGTERM aborts the signal, the second ends the process at once. */
export function watchInterruption(say: (line: string) => void): Interruption {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitStatus.interrupted);
    say('finishing the step at hand and saving (once more to end at once)');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    end() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
