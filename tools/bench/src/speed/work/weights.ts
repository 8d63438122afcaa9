import { declareParameters } from '@reelbert/trainer';
import type { HostTensor, Program } from '@reelbert/compiler';
import type { ParameterSpec, ParameterStore } from '@reelbert/nn';

import { madeUpNumbers } from '../made-up-data.js';

/** First values of all parameters, made up in a moment: norms as usual, everything else of deviation 0.02. */
export function madeUpWeights(store: ParameterStore): Record<string, HostTensor> {
  return Object.fromEntries([...store.specs.values()].map((spec, i) => [spec.name, madeUpWeight(spec, i)]));
}

/** Declares the parameters and sets them. */
export async function writeMadeUpWeights(program: Program, store: ParameterStore): Promise<void> {
  declareParameters(program, store);
  await program.write(madeUpWeights(store));
}

function madeUpWeight({ shape, initializer }: ParameterSpec, seed: number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (initializer.kind === 'ones') return { dtype: 'float32', shape, data: new Float32Array(size).fill(1) };
  const data = madeUpNumbers(size, seed);
  for (let i = 0; i < size; i++) data[i]! *= 0.02;
  return { dtype: 'float32', shape, data };
}
