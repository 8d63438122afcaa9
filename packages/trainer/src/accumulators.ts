import type { HostTensors, Program, StateVariable } from '@reelbert/compiler';

import { hostScalar, hostZeros } from './host-values.js';
import type { ParameterRule } from './parameter-groups.js';

/** Sums over the batches of one update; all zero between updates, so no checkpoint holds them. */
export interface Accumulators {
  /** Of gradients, by parameter name, each batch's times its rows. */
  readonly gradients: ReadonlyMap<string, StateVariable>;
  /** Of losses, each batch's times its rows. */
  readonly losses: StateVariable;
  readonly rows: StateVariable;
}

/** Declares `accumulator/NAME`, `accumulator.losses` and `accumulator.rows`. */
export function declareAccumulators(program: Program, rules: readonly ParameterRule[]): Accumulators {
  return {
    gradients: new Map(
      rules.map(({ name, shape }) => [name, program.variable(`accumulator/${name}`, shape)]),
    ),
    losses: program.variable('accumulator.losses', []),
    rows: program.variable('accumulator.rows', []),
  };
}

/** The state of accumulators in which nothing has been added. */
export function emptyAccumulators({ gradients, losses, rows }: Accumulators): HostTensors {
  const sums = [...gradients.values()].map(({ name, shape }) => [name, hostZeros(shape)] as const);
  return { ...Object.fromEntries(sums), [losses.name]: hostScalar(0), [rows.name]: hostScalar(0) };
}
