import { InputError } from '@reelbert/data';

import { listed } from './listed.js';
import type { StoredTensor } from './weight-files.js';

/** Shapes by name. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

const floats = ['F32', 'F16', 'BF16', 'F64'];

/**
 * Compares what a file holds, under the names that the model uses, with what the configuration asks for.
 *
 * @throws InputError listing missing tensors, or naming one of another shape or of no floating-point type
 */
export function checkTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  expected: Shapes,
  folder: string,
): void {
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    const found = `no ${listed(missing)}`;
    throw new InputError({ file: folder, found, expected: 'all tensors that config.json asks for' });
  }
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name)!;
    const place = `tensor '${name}'`;
    if (tensor.shape.join() !== shape.join()) {
      throw new InputError({
        file: tensor.file,
        place,
        field: 'shape',
        found: `[${tensor.shape.join(', ')}]`,
        expected: `[${shape.join(', ')}] by config.json`,
      });
    }
    if (!floats.includes(tensor.dtype)) {
      throw new InputError({
        file: tensor.file,
        place,
        field: 'dtype',
        found: tensor.dtype,
        expected: floats.join(', '),
      });
    }
  }
}

/** @throws InputError listing tensors that nothing here has a use for and that aren't known to be left out */
export function refuseUnknown(names: readonly string[], folder: string, model: string): void {
  if (names.length === 0) return;
  throw new InputError({ file: folder, found: listed(names), expected: `only tensors of ${model}` });
}
