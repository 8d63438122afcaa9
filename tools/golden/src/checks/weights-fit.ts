import type { NdArrays } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';

/** Whether the weights hold what a model declares, in its shapes. */
export function weightsFit(store: ParameterStore, weights: NdArrays): boolean {
  return [...store.specs.values()].every(({ name, shape }) => weights[name]?.shape.join() === shape.join());
}
