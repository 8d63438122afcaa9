import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** What figures depend on. */
export interface MachineDescription {
  readonly cpu: string;
  /** Those of the processor's instruction sets that matter to matrix products. */
  readonly features: readonly string[];
  readonly cores: number;
  readonly memoryGB: number;
}

const wanted = ['avx2', 'fma', 'avx512f', 'avx512_bf16', 'avx_vnni', 'amx_tile', 'amx_bf16', 'asimd', 'sve'];

export function describeMachine(): MachineDescription {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  const found = new Set(flags.trim().split(/\s+/));
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    features: wanted.filter((feature) => found.has(feature)),
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e9),
  };
}

/** The commit that is checked out, with `+` if files differ from it; undefined outside of a repository. */
export async function gitCommit(): Promise<string | undefined> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args)).stdout.trim();
  try {
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return (await git('rev-parse', '--short', 'HEAD')) + (changed ? '+' : '');
  } catch {
    return undefined;
  }
}

/** Which of these Python modules the interpreter can import; none where there is no such interpreter. */
export async function importable(python: string, modules: readonly string[]): Promise<string[]> {
  const script =
    'import importlib.util, sys; print(*(m for m in sys.argv[1:] if importlib.util.find_spec(m)))';
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', script, ...modules]);
    return stdout.trim().split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
