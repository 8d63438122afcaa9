import type { BackendReport } from '../backend.js';
import type { DoctorReport } from './doctor.js';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

function backendLines(backend: BackendReport): string[] {
  const device = backend.gpu ? ', on the GPU' : '';
  const name =
    backend.backend === 'tensorflow'
      ? `TensorFlow ${backend.version}`
      : `tfjs ${backend.backend} ${backend.version}`;
  const mode = backend.compiled ? 'whole steps as compiled graphs' : 'operation by operation';
  const lines = [`backend    ${name}${device}: ${backend.reason}`, `           runs ${mode}`];
  if (backend.cost !== undefined) lines.push(`           cost: ${backend.cost}`);
  if (backend.remedy !== undefined) lines.push(`           to mend it: ${backend.remedy}`);
  return lines;
}

function engineLines({ cache, engine, versions }: DoctorReport): string[] {
  const lines = [`cache      ${cache.folder} (${gigabytes(cache.freeBytes)} free)`];
  if (engine === null) return [...lines, `engine     can't be set up on this machine`];
  const library = engine.library ? 'in the cache' : 'not in the cache';
  lines.push(`engine     TensorFlow ${versions.tensorflow} (${cache.variant}): ${library}`);
  for (const [name, state] of Object.entries(engine.addons)) lines.push(`           addon ${name}: ${state}`);
  return lines;
}

function machineLines({ machine, gpus }: DoctorReport): string[] {
  const { memory } = machine;
  const gpuNames = gpus.map(
    ({ name, driver }) => `${name}${driver === undefined ? '' : ` (driver ${driver})`}`,
  );
  return [
    `processor  ${machine.processor}, ${machine.cores} cores, ${machine.architecture}`,
    `           ${machine.features.join(' ') || 'instruction sets unknown'}`,
    `memory     ${gigabytes(memory.total)}, ${gigabytes(memory.available)} available`,
    `GPU        ${gpuNames.join(', ') || 'no NVIDIA GPU'}`,
  ];
}

function toolLines({ tools, versions }: DoctorReport): string[] {
  return [
    `versions   engine ${versions.engine}, Node ${versions.node}, tfjs ${versions.tfjs}, glibc ${versions.glibc ?? 'none'}`,
    `tools      ${tools.python ?? 'no python3'}; ${tools.pip ?? 'no pip'}`,
    `           ${tools.compiler ?? 'no C++ compiler'}; ${tools.make ?? 'no make'}`,
    `           node-gyp: ${tools.nodeGyp ?? 'none'}; Node's headers: ${tools.nodeHeaders ?? 'not beside node, would be downloaded'}`,
  ];
}

/** The report as text for a terminal. */
export function formatDoctor(report: DoctorReport): string {
  const lines =
    report.backend === null ? [`backend    none: ${report.failure}`] : backendLines(report.backend);
  lines.push(...engineLines(report), ...machineLines(report), ...toolLines(report));
  for (const { problem, remedy } of report.missing)
    lines.push('', `Missing: ${problem}`, `  What to do: ${remedy}`);
  return lines.join('\n');
}
