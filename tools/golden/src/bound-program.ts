import { createProgram, type Program } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import type { ParameterStore, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

export type Mode = 'compiled' | 'eager';

/** A program that holds a store's parameters and runs functions of a batch with them. */
export class BoundProgram {
  readonly #program: Program;
  readonly #store: ParameterStore;
  #functions = 0;

  private constructor(store: ParameterStore, mode: Mode) {
    this.#program = createProgram({ mode });
    this.#store = store;
  }

  /** Takes what the store declares from `weights`, which hold all of it. */
  static async of(store: ParameterStore, weights: NdArrays, mode: Mode): Promise<BoundProgram> {
    const bound = new BoundProgram(store, mode);
    const values: Record<string, NdArrays[string]> = {};
    for (const { name, shape } of store.specs.values()) {
      bound.#program.variable(name, shape);
      values[name] = weights[name]!;
    }
    await bound.#program.write(values);
    return bound;
  }

  /** Named results of `body`. */
  run(batch: NdArrays, body: (batch: TensorBatch) => Record<string, tf.Tensor>): Promise<NdArrays> {
    return this.#call(batch, (inputs) => this.#store.bind(this.#values(), () => body(inputs)));
  }

  /** The gradients of `loss` by parameter; those that it does not depend on are absent. */
  gradients(batch: NdArrays, loss: (batch: TensorBatch) => tf.Scalar): Promise<NdArrays> {
    return this.#call(batch, (inputs) => {
      const values = this.#values();
      const body = () => this.#store.bind(values, () => loss(inputs));
      const { grads } = tf.engine().gradients(body, [...values.values()], undefined, true);
      const named = [...values.keys()].map((name, i) => [name, grads[i]] as const);
      return Object.fromEntries(named.filter((entry): entry is [string, tf.Tensor] => Boolean(entry[1])));
    });
  }

  dispose(): void {
    this.#program.dispose();
  }

  #values(): Map<string, tf.Tensor> {
    const { specs } = this.#store;
    return new Map([...specs].map(([name, { shape }]) => [name, this.#program.variable(name, shape).read()]));
  }

  #call(batch: NdArrays, fn: (inputs: TensorBatch) => Record<string, tf.Tensor>): Promise<NdArrays> {
    const name = `function ${this.#functions++}`;
    this.#program.define(name, fn);
    return this.#program.run(name, batch);
  }
}
