import * as tf from '@tensorflow/tfjs-core';

import { checkHostTensor, toHost, toTensor, type DType, type HostTensors } from './host-tensor.js';
import type { Program, ProgramFunction } from './program.js';
import { RunQueue } from './run-queue.js';
import { checkFits, type AdamTerms, type StateVariable } from './state-variable.js';
import { checkSameDeclaration, lookUp } from './declarations.js';

/** Runs a program's functions op by op on tfjs's active backend. */
export class EagerProgram implements Program {
  readonly mode = 'eager';
  readonly #variables = new Map<string, EagerVariable>();
  readonly #functions = new Map<string, ProgramFunction>();
  readonly #queue = new RunQueue();

  variable(name: string, shape: readonly number[], dtype: DType = 'float32'): StateVariable {
    const known = this.#variables.get(name);
    if (known) return checkSameDeclaration(known, shape, dtype);
    const variable = new EagerVariable(name, shape, dtype);
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

/** State in a `tf.Variable`, made at the first write. */
class EagerVariable implements StateVariable {
  #value: tf.Variable | undefined;

  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}

  read(): tf.Tensor {
    if (!this.#value) throw new Error(`variable '${this.name}' was never written`);
    return tf.clone(this.#value);
  }

  assign(value: tf.Tensor): void {
    checkFits(this, value);
    if (this.#value) this.#value.assign(value);
    else this.#value = tf.variable(value, false);
  }

  assignAdd(delta: tf.Tensor): void {
    this.assign(tf.add(this.read(), delta));
  }

  applyAdam({ m, v, gradient, ...terms }: AdamTerms): void {
    const one = tf.scalar(1);
    m.assignAdd(tf.mul(tf.sub(one, terms.beta1), tf.sub(gradient, m.read())));
    v.assignAdd(tf.mul(tf.sub(one, terms.beta2), tf.sub(tf.square(gradient), v.read())));
    const correction = tf.div(tf.sqrt(tf.sub(one, terms.beta2Power)), tf.sub(one, terms.beta1Power));
    const direction = tf.div(m.read(), tf.add(tf.sqrt(v.read()), terms.epsilon));
    this.assignAdd(tf.neg(tf.mul(tf.mul(terms.learningRate, correction), direction)));
  }

  dispose(): void {
    this.#value?.dispose();
    this.#value = undefined;
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
