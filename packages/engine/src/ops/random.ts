import * as tf from '@tensorflow/tfjs-core';
import { typeAttribute, type RawBackend } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';
import { normalFromKey, uniformFromKey } from './composed-random.js';

const uniformOp = 'ReelbertRandomUniform';
const normalOp = 'ReelbertRandomNormal';

function stateless(op: string, backend: RawBackend, key: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const dimensions = tf.tensor1d([...shape], 'int32');
  const attributes = [
    typeAttribute(backend, 'dtype', 'float32'),
    typeAttribute(backend, 'T', 'int32'),
    typeAttribute(backend, 'Tseed', 'int32'),
  ];
  const drawn = backend.executeSingleOutput(op, attributes, [dimensions, key]);
  dimensions.dispose();
  return drawn;
}

registerOp(uniformOp, {
  raw: (backend, { key }, { shape }) => stateless('StatelessRandomUniform', backend, key!, shape as number[]),
  composed: ({ key }, { shape }) => uniformFromKey(key!, shape as number[]),
});

registerOp(normalOp, {
  raw: (backend, { key }, { shape }) => stateless('StatelessRandomNormal', backend, key!, shape as number[]),
  composed: ({ key }, { shape }) => normalFromKey(key!, shape as number[]),
});

for (const kernelName of [uniformOp, normalOp]) {
  tf.registerGradient({
    kernelName,
    inputsToSave: ['key'],
    gradFunc: (_dy, [key]) => ({ key: () => tf.zerosLike(key!) }),
  });
}

function checkKey(name: string, key: tf.Tensor): void {
  if (key.dtype !== 'int32' || key.rank !== 1 || key.shape[0] !== 2) {
    throw new Error(`${name}: key must be int32 [2], it is ${key.dtype} [${key.shape.join(', ')}].`);
  }
}

/**
 * Numbers drawn evenly from `[0, 1)`. The same key and shape give the same numbers, on one backend; TensorFlow's and
 * the fallback's differ.
 */
export function randomUniform(shape: readonly number[], key: tf.Tensor): tf.Tensor {
  checkKey('randomUniform', key);
  return runOp<tf.Tensor>(uniformOp, { key }, { shape: [...shape] });
}

/** Numbers drawn from the normal distribution of mean 0 and deviation 1; see `randomUniform` for keys. */
export function randomNormal(shape: readonly number[], key: tf.Tensor): tf.Tensor {
  checkKey('randomNormal', key);
  return runOp<tf.Tensor>(normalOp, { key }, { shape: [...shape] });
}

/** Gives each place that draws random numbers a key of its own: the i-th is `key + [0, i]`. */
export class KeyStream {
  readonly #key: tf.Tensor;
  #drawn = 0;

  /** @param key int32 `[2]`; two streams whose keys differ in the first number never meet. */
  constructor(key: tf.Tensor) {
    checkKey('KeyStream', key);
    this.#key = key;
  }

  /** A fresh key, int32 `[2]`. */
  next(): tf.Tensor {
    return tf.add(this.#key, tf.tensor1d([0, this.#drawn++], 'int32'));
  }

  /** A stream that gives the keys that this one would give from here on, and leaves it where it is. */
  replay(): KeyStream {
    const again = new KeyStream(this.#key);
    again.#drawn = this.#drawn;
    return again;
  }
}
