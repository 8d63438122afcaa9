import type { HostTensor, Program, StateVariable } from '@reelbert/compiler';
import { InputError } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';

import { declareAccumulators, emptyAccumulators, type Accumulators } from './accumulators.js';
import type { TrainingSettings } from './config.js';
import { emaName } from './ema.js';
import { hostScalar, hostZeros } from './host-values.js';
import type { OptimizerState } from './optimizer.js';
import { parameterRules, type ParameterRule } from './parameter-groups.js';

/** Everything that training changes, as variables of one program, and the rules by which it does. */
export interface TrainingState {
  readonly parameters: ReadonlyMap<string, StateVariable>;
  /** Of the parameters that aren't frozen. */
  readonly rules: readonly ParameterRule[];
  readonly trainable: readonly string[];
  readonly optimizer: OptimizerState;
  /** Averages of the trainable parameters; empty if they are off. */
  readonly ema: ReadonlyMap<string, StateVariable>;
  /** Where an update takes several batches. */
  readonly accumulators: Accumulators | null;
  /** The parameter that adversarial passes perturb, if any. */
  readonly perturbed: string | null;
}

/** Declares the variables `NAME`, `optimizer.m/NAME`, `optimizer.v/NAME`, `ema/NAME`, `optimizer.beta1Power`, ... */
export function declareTrainingState(
  program: Program,
  store: ParameterStore,
  settings: TrainingSettings,
): TrainingState {
  const rules = parameterRules(store.specs.values(), settings.optimizer).filter((rule) => !rule.frozen);
  if (rules.length === 0)
    throw new InputError({ field: 'optimizer.groups', expected: 'a parameter that is not frozen' });
  const declare = (variableName: (name: string) => string) =>
    new Map(rules.map(({ name, shape }) => [name, program.variable(variableName(name), shape)]));
  const trainable = rules.map((rule) => rule.name);
  return {
    parameters: declareParameters(program, store),
    rules,
    trainable,
    optimizer: {
      m: declare((name) => `optimizer.m/${name}`),
      v: declare((name) => `optimizer.v/${name}`),
      beta1Power: program.variable('optimizer.beta1Power', []),
      beta2Power: program.variable('optimizer.beta2Power', []),
    },
    ema: settings.ema.enabled ? declare(emaName) : new Map(),
    accumulators: settings.accumulation > 1 ? declareAccumulators(program, rules) : null,
    perturbed: findPerturbed(settings, trainable),
  };
}

/** Declares one variable a parameter, under the parameter's name. */
export function declareParameters(
  program: Program,
  store: ParameterStore,
): ReadonlyMap<string, StateVariable> {
  return new Map([...store.specs.values()].map(({ name, shape }) => [name, program.variable(name, shape)]));
}

/** Sets the parameters to `initial`, their averages alike, starts the optimizer afresh and empties accumulators. */
export async function writeInitialState(
  program: Program,
  state: TrainingState,
  settings: TrainingSettings,
  initial: Readonly<Record<string, HostTensor>>,
): Promise<void> {
  const missing = [...state.parameters.keys()].find((name) => !(name in initial));
  if (missing !== undefined) throw new Error(`parameter '${missing}' has no initial value`);
  const chosen = (names: Iterable<string>) => [...names].map((name) => [name, initial[name]!] as const);
  await program.write(Object.fromEntries(chosen(state.parameters.keys())));
  await program.write(
    Object.fromEntries(chosen(state.ema.keys()).map(([name, value]) => [emaName(name), value])),
  );
  const { m, v, beta1Power, beta2Power } = state.optimizer;
  await program.write(
    Object.fromEntries([...m.values(), ...v.values()].map(({ name, shape }) => [name, hostZeros(shape)])),
  );
  await program.write({
    [beta1Power.name]: hostScalar(settings.optimizer.beta1),
    [beta2Power.name]: hostScalar(settings.optimizer.beta2),
  });
  if (state.accumulators) await program.write(emptyAccumulators(state.accumulators));
}

/** Names of the optimizer's variables. */
export function optimizerNames({ optimizer }: TrainingState): string[] {
  const moments = [...optimizer.m.values(), ...optimizer.v.values()];
  return [...moments, optimizer.beta1Power, optimizer.beta2Power].map((variable) => variable.name);
}

function findPerturbed({ adversarial }: TrainingSettings, trainable: readonly string[]): string | null {
  if (adversarial.kind === 'none' || adversarial.table === null) return null;
  const { table } = adversarial;
  const found = trainable.includes(table) ? [table] : trainable.filter((name) => name.includes(table));
  if (found.length !== 1) {
    throw new InputError({
      field: 'adversarial.table',
      found: `'${table}', ${found.length === 0 ? 'which names no trainable parameter' : `which fits ${found.join(', ')}`}`,
      expected: 'part of the name of exactly one trainable parameter',
    });
  }
  return found[0]!;
}
