import { Random, type NdArray } from '@reelbert/data';
import * as tf from '@tensorflow/tfjs-core';

/** How a parameter's first value is made. */
export type Initializer =
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'constant'; readonly value: number };

/** `zeroRow`: this row of a table starts at zero, as the padding token's does. */
export type InitializerWithRow = Initializer & { readonly zeroRow?: number };

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: InitializerWithRow;
}

/** A named parameter of a model under construction. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** The value bound to the name at the moment; throws outside of `ParameterStore.bind`. */
  value(): tf.Tensor;
}

/**
 * The ordered, named parameters of a model: the state dict. A model declares names and shapes when it is constructed;
 * whoever runs it binds a value to each name: the variables' for training, their averages' for evaluation, a perturbed
 * table's in an adversarial pass.
 */
export class ParameterStore {
  readonly #specs = new Map<string, ParameterSpec>();
  readonly #aliases = new Map<string, string>();
  #bound: ReadonlyMap<string, tf.Tensor> | undefined;

  /** In the order of declaration. */
  get specs(): ReadonlyMap<string, ParameterSpec> {
    return this.#specs;
  }

  /** Second names in files for the same parameter: alias -> name. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases;
  }

  /** Names a parameter. Throws if the name is taken, or if the table lacks the row that is to be zero. */
  declare(name: string, shape: readonly number[], initializer: InitializerWithRow): Parameter {
    this.#refuseTaken(name);
    const { zeroRow = 0 } = initializer;
    if (zeroRow >= (shape[0] ?? 1))
      throw new RangeError(`'${name}' [${shape.join(', ')}] has no row ${zeroRow}`);
    this.#specs.set(name, { name, shape, initializer });
    return { name, shape, value: () => this.value(name) };
  }

  /** Gives a declared parameter a second name, by which files may hold it. Throws if that is taken. */
  alias(alias: string, name: string): void {
    this.#refuseTaken(alias);
    if (!this.#specs.has(name)) throw new Error(`alias '${alias}': there is no parameter '${name}'`);
    this.#aliases.set(alias, name);
  }

  /** Runs `body` with these values. Binds nest; every parameter that `body` uses needs a value. */
  bind<T>(values: ReadonlyMap<string, tf.Tensor>, body: () => T): T {
    const outer = this.#bound;
    this.#bound = values;
    try {
      return body();
    } finally {
      this.#bound = outer;
    }
  }

  /** The names that begin with a prefix. */
  below(prefix: string): string[] {
    return [...this.#specs.keys()].filter((name) => name.startsWith(prefix));
  }

  /** The value bound to a name at the moment; throws outside of `bind`. */
  value(name: string): tf.Tensor {
    const value = this.#bound?.get(name);
    if (!value) {
      throw new Error(
        `parameter '${name}' has no value here${this.#bound ? '' : ': use the model inside of bind'}`,
      );
    }
    const { shape } = this.#specs.get(name)!;
    if (value.shape.join() !== shape.join()) {
      throw new Error(`parameter '${name}' is [${shape.join(', ')}], its value [${value.shape.join(', ')}]`);
    }
    return value;
  }

  /** First values of all parameters: each drawn from (seed, name), so that adding one changes no other. */
  initialState(seed: number): Record<string, NdArray> {
    return Object.fromEntries([...this.#specs.values()].map((spec) => [spec.name, initialValue(spec, seed)]));
  }

  #refuseTaken(name: string): void {
    if (this.#specs.has(name) || this.#aliases.has(name)) {
      throw new Error(`parameter '${name}' is declared twice`);
    }
  }
}

function initialValue({ name, shape, initializer }: ParameterSpec, seed: number): NdArray {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const random = new Random(seed, 'parameter', name);
  const data = new Float32Array(size);
  switch (initializer.kind) {
    case 'normal':
      for (let i = 0; i < size; i++) data[i] = initializer.std * random.normal();
      break;
    case 'uniform':
      for (let i = 0; i < size; i++) data[i] = initializer.bound * (2 * random.uniform() - 1);
      break;
    case 'ones':
      data.fill(1);
      break;
    case 'constant':
      data.fill(initializer.value);
      break;
  }
  if (initializer.zeroRow !== undefined) {
    const width = size / shape[0]!;
    data.fill(0, initializer.zeroRow * width, (initializer.zeroRow + 1) * width);
  }
  return { dtype: 'float32', shape, data };
}
