import * as tf from '@tensorflow/tfjs-core';

import { checkSameDeclaration, lookUp } from './declarations.js';
import { eagerVariable, type EagerVariable } from './eager-variable.js';
import { checkHostTensor, toHost, toTensor, type DType, type HostTensors } from './host-tensor.js';
import type { Program, ProgramFunction } from './program.js';
import { RunQueue } from './run-queue.js';
import type { StateVariable } from './state-variable.js';

/** Programs so far: their variables share one name space in TensorFlow. */
let programs = 0;

/** Runs a program's functions op by op on tfjs's active backend. */
export class EagerProgram implements Program {
  readonly mode = 'eager';
  readonly #scope = `program-${programs++}`;
  readonly #variables = new Map<string, EagerVariable>();
  readonly #functions = new Map<string, ProgramFunction>();
  readonly #queue = new RunQueue();

  variable(name: string, shape: readonly number[], dtype: DType = 'float32'): StateVariable {
    const known = this.#variables.get(name);
    if (known) return checkSameDeclaration(known, shape, dtype);
    const variable = eagerVariable(this.#scope, name, shape, dtype);
    this.#variables.set(name, variable);
    return variable;
  }

  define(name: string, fn: ProgramFunction): void {
    if (this.#functions.has(name)) throw new Error(`function '${name}' is defined twice`);
    this.#functions.set(name, fn);
  }

  record(name: string): void {
    lookUp('function', this.#functions, name);
  }

  run(name: string, inputs: HostTensors): Promise<HostTensors> {
    const fn = lookUp('function', this.#functions, name);
    for (const [label, input] of Object.entries(inputs)) checkHostTensor(`${name}: input '${label}'`, input);
    return this.#queue.add(async () => {
      const outputs = tf.tidy(() => fn(mapValues(inputs, toTensor)));
      try {
        return await hostValues(outputs);
      } finally {
        tf.dispose(outputs);
      }
    });
  }

  profile(): Promise<never> {
    throw new Error('only compiled functions can be profiled');
  }

  read(names: readonly string[]): Promise<HostTensors> {
    const variables = names.map((name) => lookUp('variable', this.#variables, name));
    return this.#queue.add(async () => {
      const values = tf.tidy(() =>
        Object.fromEntries(variables.map((variable) => [variable.name, variable.read()])),
      );
      try {
        return await hostValues(values);
      } finally {
        tf.dispose(values);
      }
    });
  }

  write(state: HostTensors): Promise<void> {
    for (const [name, value] of Object.entries(state)) {
      lookUp('variable', this.#variables, name);
      checkHostTensor(`variable '${name}'`, value);
    }
    return this.#queue.add(async () => {
      tf.tidy(() => {
        for (const [name, value] of Object.entries(state)) this.#variables.get(name)!.assign(toTensor(value));
      });
    });
  }

  dispose(): void {
    this.#queue.close('the program was disposed of');
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

async function hostValues(tensors: Record<string, tf.Tensor>): Promise<HostTensors> {
  return Object.fromEntries(
    await Promise.all(
      Object.entries(tensors).map(async ([name, tensor]) => [name, await toHost(tensor)] as const),
    ),
  );
}
