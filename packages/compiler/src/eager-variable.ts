import * as tf from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';

import type { DType } from './host-tensor.js';
import { attributeTypes, dataTypes } from './session.js';
import { checkFits, type AdamTerms, type StateVariable } from './state-variable.js';

/** A variable of a program that runs op by op. */
export interface EagerVariable extends StateVariable {
  dispose(): void;
}

/** On TensorFlow a resource variable, so that its operations are those of the compiled graph; else a `tf.Variable`. */
export function eagerVariable(
  scope: string,
  name: string,
  shape: readonly number[],
  dtype: DType,
): EagerVariable {
  return tf.getBackend() === 'tensorflow'
    ? new ResourceVariable(scope, name, shape, dtype)
    : new PlainVariable(name, shape, dtype);
}

class ResourceVariable implements EagerVariable {
  readonly #handle: tf.Tensor;
  readonly #typeAttribute;
  #written = false;

  constructor(
    scope: string,
    readonly name: string,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {
    this.#typeAttribute = { name: 'dtype', type: attributeTypes.type, value: dataTypes[dtype] };
    const attributes = [
      this.#typeAttribute,
      { name: 'shape', type: attributeTypes.shape, value: [...shape] },
      { name: 'shared_name', type: attributeTypes.string, value: `${scope}/${name}` },
      { name: 'container', type: attributeTypes.string, value: '' },
    ];
    this.#handle = tf.keep(nodeBackend().executeSingleOutput('VarHandleOp', attributes, []));
  }

  read(): tf.Tensor {
    if (!this.#written) throw new Error(`variable '${this.name}' was never written`);
    return nodeBackend().executeSingleOutput('ReadVariableOp', [this.#typeAttribute], [this.#handle]);
  }

  assign(value: tf.Tensor): void {
    this.#update('AssignVariableOp', value);
    this.#written = true;
  }

  assignAdd(delta: tf.Tensor): void {
    this.#update('AssignAddVariableOp', delta);
  }

  applyAdam({ m, v, gradient, ...terms }: AdamTerms): void {
    checkFits(this, gradient);
    const handles = [this, m as ResourceVariable, v as ResourceVariable].map((variable) => variable.#handle);
    const scalars = [
      terms.beta1Power,
      terms.beta2Power,
      terms.learningRate,
      terms.beta1,
      terms.beta2,
      terms.epsilon,
    ];
    const attributes = [
      { ...this.#typeAttribute, name: 'T' },
      { name: 'use_locking', type: attributeTypes.bool, value: false },
      { name: 'use_nesterov', type: attributeTypes.bool, value: false },
    ];
    const inputs = [...handles, ...scalars, gradient];
    nodeBackend().executeMultipleOutputs('ResourceApplyAdam', attributes, inputs, 0);
  }

  dispose(): void {
    const attributes = [{ name: 'ignore_lookup_error', type: attributeTypes.bool, value: true }];
    nodeBackend().executeMultipleOutputs('DestroyResourceOp', attributes, [this.#handle], 0);
    this.#handle.dispose();
  }

  #update(type: string, value: tf.Tensor): void {
    checkFits(this, value);
    nodeBackend().executeMultipleOutputs(type, [this.#typeAttribute], [this.#handle, value], 0);
  }
}

const nodeBackend = () => tf.backend() as NodeJSKernelBackend;

class PlainVariable implements EagerVariable {
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
    m.assignAdd(tf.mul(tf.sub(1, terms.beta1), tf.sub(gradient, m.read())));
    v.assignAdd(tf.mul(tf.sub(1, terms.beta2), tf.sub(tf.square(gradient), v.read())));
    const correction = tf.div(tf.sqrt(tf.sub(1, terms.beta2Power)), tf.sub(1, terms.beta1Power));
    const direction = tf.div(m.read(), tf.add(tf.sqrt(v.read()), terms.epsilon));
    this.assignAdd(tf.neg(tf.mul(tf.mul(terms.learningRate, correction), direction)));
  }

  dispose(): void {
    this.#value?.dispose();
    this.#value = undefined;
  }
}
