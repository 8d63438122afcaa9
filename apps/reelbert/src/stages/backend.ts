import { startBackend, type BackendReport } from '@reelbert/engine';

import type { Reporter } from '../terminal/reporter.js';

let started: Promise<BackendReport> | undefined;

/** Starts the tensor backend once a process; says so if it isn't the fast one. */
export function useBackend(reporter: Reporter): Promise<BackendReport> {
  started ??= startBackend().then((report) => {
    if (report.cost !== undefined) {
      const remedy = report.remedy === undefined ? '' : `; ${report.remedy}`;
      reporter.say(`warning: ${report.reason}: ${report.cost}${remedy}`);
    }
    return report;
  });
  return started;
}
