import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

export interface Machine {
  readonly system: string;
  readonly architecture: string;
  readonly processor: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Instruction sets that matter for speed, of those that the processor reports. */
  readonly features: readonly string[];
  readonly memory: { readonly total: number; readonly available: number };
}

const relevantFeatures = [
  ...['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16'],
  ...['amx_tile', 'amx_int8', 'amx_bf16', 'amx_fp16', 'asimd', 'bf16', 'i8mm', 'sve'],
];

/** The instruction sets named in the text of /proc/cpuinfo. */
export function processorFeatures(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(line.trim().split(/\s+/));
  return relevantFeatures.filter((feature) => flags.has(feature));
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not Linux
  }
}

/** The processor's instruction sets; undefined where the system doesn't tell. */
export function thisProcessorFeatures(): string[] | undefined {
  const cpuinfo = readOrEmpty('/proc/cpuinfo');
  return cpuinfo === '' ? undefined : processorFeatures(cpuinfo);
}

/** The machine that this process runs on. */
export function describeMachine(): Machine {
  const limit = process.constrainedMemory(); // a container's; 0 or enormous where there is none
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  return {
    system: process.platform,
    architecture: process.arch,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    features: thisProcessorFeatures() ?? [],
    memory: { total, available: Math.min(total, process.availableMemory()) },
  };
}
