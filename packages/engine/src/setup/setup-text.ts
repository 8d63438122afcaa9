import type { SetupReport } from './setup-engine.js';

/** What a set-up did, in a line. */
export function formatSetup(report: SetupReport): string {
  const engine = `TensorFlow ${report.version} (${report.variant})`;
  if (report.done.length === 0) return `${engine} is set up already, in ${report.cache}.`;
  return `${engine} is set up in ${report.cache}: ${report.done.join(', ')} (${report.seconds.toFixed(1)} s).`;
}
