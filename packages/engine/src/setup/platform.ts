import { thisProcessorFeatures } from '../machine.js';
import { SetupError } from './setup-error.js';
import { tensorFlowBuild, type TensorFlowBuild, type Variant } from './pins.js';

/** What of a machine decides whether TensorFlow can run on it. */
export interface Platform {
  readonly system: string;
  readonly architecture: string;
  readonly nodeVersion: string;
  /** Version of the C library, undefined where it isn't glibc. */
  readonly glibc: string | undefined;
  /** Instruction sets of the processor, undefined where they aren't known. */
  readonly features: readonly string[] | undefined;
}

const oldestGlibc = [2, 27] as const;

/** The machine that this process runs on. */
export function thisPlatform(): Platform {
  Object.assign(process.report, { excludeNetwork: true }); // looking up addresses may take seconds
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return {
    system: process.platform,
    architecture: process.arch,
    nodeVersion: process.versions.node,
    glibc: report.header.glibcVersionRuntime,
    features: thisProcessorFeatures(),
  };
}

/** Why tfjs-node can't run under this version of Node, or undefined. */
export function nodeProblem(version: string): SetupError | undefined {
  const major = Number.parseInt(version, 10);
  if (major >= 20 && major < 23) return undefined;
  return new SetupError(
    `Node ${version} can't run TensorFlow: @tensorflow/tfjs-node-gpu ${major >= 23 ? 'calls a function that Node 23 removed' : 'and this package need Node 20'}.`,
    'use Node 20 or 22.',
  );
}

function isOldGlibc(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestGlibc[0] || (major === oldestGlibc[0] && minor < oldestGlibc[1]);
}

const elsewhere =
  'run on Linux (x64 or arm64; on Windows inside WSL 2, elsewhere in a container), or without TensorFlow on the slower WASM backend, which needs no set-up.';

/** Why TensorFlow, which ends the process on such a processor, can't run on it, or undefined. */
export function processorProblem({ architecture, features }: Platform): SetupError | undefined {
  if (architecture !== 'x64' || features === undefined || features.includes('avx')) return undefined;
  return new SetupError("TensorFlow needs a processor with AVX; this one doesn't report it.", elsewhere);
}

/** The build of TensorFlow for this machine; an error that says what to do where there is none. */
export function buildFor(platform: Platform, variant: Variant): TensorFlowBuild {
  const problem = nodeProblem(platform.nodeVersion);
  if (problem !== undefined) throw problem;
  const { system, architecture, glibc } = platform;
  if (system !== 'linux') {
    throw new SetupError(`TensorFlow can't be set up on ${system} (${architecture}).`, elsewhere);
  }
  if (glibc === undefined || isOldGlibc(glibc)) {
    throw new SetupError(
      `TensorFlow needs glibc ${oldestGlibc.join('.')} or later; this system has ${glibc ?? 'another C library (Alpine has musl)'}.`,
      'use a distribution with a newer glibc (Debian 10, Ubuntu 20.04 or later, say).',
    );
  }
  const unfit = processorProblem(platform);
  if (unfit !== undefined) throw unfit;
  const build = tensorFlowBuild(`${system}-${architecture}`, variant);
  if (build !== undefined) return build;
  if (variant === 'cuda' && tensorFlowBuild(`${system}-${architecture}`, 'cpu') !== undefined) {
    throw new SetupError(
      `TensorFlow has no CUDA build for ${system} ${architecture}.`,
      'set up the CPU build (--cpu).',
    );
  }
  throw new SetupError(`TensorFlow has no build for ${system} ${architecture}.`, elsewhere);
}
