import type { BackendReport } from './backend.js';
import { thisProcessorFeatures } from './machine.js';

/** Instruction sets that multiply bfloat16 faster than float32. */
const faster = ['avx512_bf16', 'amx_bf16', 'bf16'];

/**
 * Why products in bfloat16 gain nothing with this backend, or undefined where they do: on processors with AVX512_BF16,
 * AMX or Arm's BF16, and on GPUs (on none of which it has been run). Elsewhere they are slower than float32 ones.
 *
 * @param features of the processor, as /proc/cpuinfo names them
 */
export function bfloat16Problem(
  { backend, gpu }: Pick<BackendReport, 'backend' | 'gpu'>,
  features: readonly string[] = thisProcessorFeatures() ?? [],
): string | undefined {
  if (backend !== 'tensorflow') return `the ${backend} backend has no bfloat16`;
  if (gpu || features.some((feature) => faster.includes(feature))) return undefined;
  return `this processor has none of ${faster.join(', ')}: bfloat16 would be slower than float32`;
}
