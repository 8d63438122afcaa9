import { createProgram, sessionAddonProblem, type Program } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import type { ParameterStore, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

export type Mode = 'compiled' | 'eager';

/** The ways in which programs run here: compiled where TensorFlow runs. Starts the backend. */
export async function programModes(): Promise<readonly Mode[]> {
  const { backend } = await startBackend();
  return backend === 'tensorflow' && sessionAddonProblem() === undefined ? ['compiled', 'eager'] : ['eager'];
}

/** A program that holds a store's parameters and runs `body` on a batch with them. */
export class BoundProgram {
  readonly #program: Program;
  readonly #store: ParameterStore;
  #functions = 0;

  private constructor(store: ParameterStore, mode: Mode) {
    this.#program = createProgram({ mode });
    this.#store = store;
  }

  /** Takes what the store declares from `weights`. */
  static async of(store: ParameterStore, weights: NdArrays, mode: Mode): Promise<BoundProgram> {
    const bound = new BoundProgram(store, mode);
    for (const { name, shape } of store.specs.values()) bound.#program.variable(name, shape);
    await bound.#program.write(
      Object.fromEntries([...store.specs.keys()].map((name) => [name, weights[name]!])),
    );
    return bound;
  }

  /** Named results of `body`. */
  run(batch: NdArrays, body: (batch: TensorBatch) => Record<string, tf.Tensor>): Promise<NdArrays> {
    return this.#call(batch, (inputs) => this.#store.bind(this.#values(), () => body(inputs)));
  }

  /** The gradients of `loss` by parameter; those that it does not depend on are absent. */
  gradients(batch: NdArrays, loss: (batch: TensorBatch) => tf.Scalar): Promise<NdArrays> {
    return this.#call(batch, (inputs) => gradientsOf(this.#store, this.#values(), () => loss(inputs)));
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

/** Gradients of a loss by name; parameters that it does not depend on are absent. */
export function gradientsOf(
  store: ParameterStore,
  values: ReadonlyMap<string, tf.Tensor>,
  loss: () => tf.Scalar,
): Record<string, tf.Tensor> {
  const inputs = [...values.values()];
  const { grads } = tf.engine().gradients(() => store.bind(values, loss), inputs, undefined, true);
  const found = [...values.keys()].map((name, i) => [name, grads[i]] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, tf.Tensor] => Boolean(entry[1])));
}

/** A batch as tensors. */
export function toTensors(batch: NdArrays): Record<string, tf.Tensor> {
  const tensors = Object.entries(batch).map(([name, { data, shape, dtype }]) => [
    name,
    tf.tensor(data.slice(), [...shape], dtype),
  ]);
  return Object.fromEntries(tensors);
}
