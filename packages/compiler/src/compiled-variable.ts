import type * as tf from '@tensorflow/tfjs-core';

import type { DType } from './host-tensor.js';
import type { Recorder } from './recorder.js';
import { attributeTypes, dataTypes, type Attribute, type GraphOutput } from './session.js';
import { checkFits, type AdamTerms, type StateVariable } from './state-variable.js';

/**
 * Keeps the reads and writes of variables in program order while one function is recorded: TensorFlow orders stateful
 * operations by edges alone. A read follows the last write; a write follows it and all reads since.
 */
export class VariableAccess {
  readonly recorder: Recorder;
  #order: Map<string, { write: number[]; reads: number[] }> | undefined;
  #writes: number[] = [];

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  /** Runs `body`, in which variables may be used, and returns the operations that update them. */
  during(body: () => void): number[] {
    if (this.#order) throw new Error('a function of this program is being recorded already');
    this.#order = new Map();
    this.#writes = [];
    try {
      body();
      return this.#writes;
    } finally {
      this.#order = undefined;
    }
  }

  read(name: string, add: (after: number[]) => number): void {
    const order = this.#of(name);
    order.reads.push(add(order.write));
  }

  write(names: readonly string[], add: (after: number[]) => number): void {
    const orders = names.map((name) => this.#of(name));
    const operation = add([...new Set(orders.flatMap((order) => [...order.write, ...order.reads]))]);
    for (const order of orders) {
      order.write = [operation];
      order.reads = [];
    }
    this.#writes.push(operation);
  }

  #of(name: string) {
    if (!this.#order) throw new Error(`variable '${name}' is used outside of the program's functions`);
    let order = this.#order.get(name);
    if (!order) this.#order.set(name, (order = { write: [], reads: [] }));
    return order;
  }
}

/** State in a resource variable of the session, found by its name. */
export class CompiledVariable implements StateVariable {
  readonly #access: VariableAccess;
  readonly #handle: GraphOutput;
  readonly #typeAttribute: Attribute;
  #readNode: readonly [number, number] | undefined;
  #writeNodes: { value: GraphOutput; assign: number } | undefined;

  constructor(
    access: VariableAccess,
    readonly name: string,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {
    this.#access = access;
    this.#typeAttribute = ['dtype', attributeTypes.type, dataTypes[dtype]];
    this.#handle = access.recorder.operation(
      'VarHandleOp',
      [],
      [
        this.#typeAttribute,
        ['shape', attributeTypes.shape, shape],
        ['shared_name', attributeTypes.string, name],
      ],
    ).outputs[0]!;
  }

  read(): tf.Tensor {
    let value: GraphOutput;
    this.#access.read(this.name, (after) => {
      const added = this.#operation('ReadVariableOp', [this.#handle], after);
      value = added.outputs[0]!;
      return added.operation;
    });
    return this.#access.recorder.tensor(value!);
  }

  assign(value: tf.Tensor): void {
    this.#update('AssignVariableOp', value);
  }

  assignAdd(delta: tf.Tensor): void {
    this.#update('AssignAddVariableOp', delta);
  }

  applyAdam({ m, v, gradient, ...terms }: AdamTerms): void {
    checkFits(this, gradient);
    const { recorder } = this.#access;
    const scalars = [
      terms.beta1Power,
      terms.beta2Power,
      terms.learningRate,
      terms.beta1,
      terms.beta2,
      terms.epsilon,
      gradient,
    ].map((tensor) => recorder.output(tensor));
    const handles = [this, m as CompiledVariable, v as CompiledVariable].map((variable) => variable.#handle);
    this.#access.write([this.name, m.name, v.name], (after) => {
      return recorder.operation('ResourceApplyAdam', [...handles, ...scalars], [], after).operation;
    });
  }

  /** The output that holds the value when nothing else runs. */
  readNode(): readonly [number, number] {
    return (this.#readNode ??= [this.#operation('ReadVariableOp', [this.#handle], []).operation, 0]);
  }

  /** The placeholder to feed and the operation to run to set the value. */
  writeNodes(): { value: GraphOutput; assign: number } {
    if (!this.#writeNodes) {
      const value = this.#access.recorder.placeholder(dataTypes[this.dtype], this.shape);
      const assign = this.#operation('AssignVariableOp', [this.#handle, value], []).operation;
      this.#writeNodes = { value, assign };
    }
    return this.#writeNodes;
  }

  #update(type: string, value: tf.Tensor): void {
    checkFits(this, value);
    const input = this.#access.recorder.output(value);
    this.#access.write([this.name], (after) => this.#operation(type, [this.#handle, input], after).operation);
  }

  #operation(type: string, inputs: readonly GraphOutput[], after: readonly number[]) {
    return this.#access.recorder.operation(type, inputs, [this.#typeAttribute], after);
  }
}
