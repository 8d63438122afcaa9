import { importable } from './machine.js';
import type { WorkName } from './plan.js';
import type { Side } from './side-process.js';

/** Which sides can run here, and which can't and why. */
export interface AvailableSides {
  /** PyTorch's sides. */
  readonly torch: boolean;
  readonly onnxruntime: boolean;
  /** To be shown; empty where nothing is missing. */
  readonly missing: string;
}

const neededBy = {
  torch: ['torch', 'transformers', 'PIL', 'numpy'],
  onnxruntime: ['onnx', 'onnxruntime'],
};

export async function availableSides(python: string): Promise<AvailableSides> {
  const found = await importable(python, [...neededBy.torch, ...neededBy.onnxruntime]);
  const lacks = (modules: readonly string[]) => modules.filter((module) => !found.includes(module));
  const [torch, onnxruntime] = [lacks(neededBy.torch), lacks(neededBy.onnxruntime)];
  const missing = [...torch, ...onnxruntime];
  return {
    torch: torch.length === 0,
    onnxruntime: torch.length + onnxruntime.length === 0,
    missing:
      missing.length === 0
        ? ''
        : `${python} lacks ${missing.join(', ')}: ${torch.length > 0 ? 'our side alone is' : 'all but onnxruntime are'} measured (--python)`,
  };
}

/** The sides of a piece of work, in the order of their turns. */
export function sidesOf(work: WorkName, available: AvailableSides): Side[] {
  const sides: Side[] = ['ours'];
  if (work === 'small-pretraining') sides.push('ours-eager');
  if (available.torch) sides.push('reference');
  // A bare product has no better way.
  if (available.torch && work !== 'products') sides.push('best');
  if (available.onnxruntime && work.endsWith('features')) sides.push('onnxruntime');
  return sides;
}
