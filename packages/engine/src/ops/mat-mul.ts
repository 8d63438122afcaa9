import * as tf from '@tensorflow/tfjs-core';
import { currentComputation, type Computation } from '../computation.js';
import { boolAttribute, typeAttribute, type RawBackend } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

const op = 'ReelbertMatMul';

interface Transposed {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

registerOp(op, {
  raw: (backend, { a, b }, attributes) => {
    const { precision, ...transposed } = attributes as unknown as Transposed & Pick<Computation, 'precision'>;
    return precision === 'bf16'
      ? tf.tidy(() => inBfloat16(backend, a!, b!, transposed))
      : rawProduct(backend, 'float32', a!, b!, transposed);
  },
  composed: ({ a, b }, attributes) => {
    const { transposeA, transposeB } = attributes as unknown as Transposed;
    return tf.matMul(a!, b!, transposeA, transposeB);
  },
});

// MatMul where it can be: TensorFlow fuses it with what follows, which it doesn't do with BatchMatMulV2.
function rawProduct(
  backend: RawBackend,
  dtype: 'float32' | 'bfloat16',
  a: tf.Tensor,
  b: tf.Tensor,
  { transposeA, transposeB }: Transposed,
): tf.Tensor {
  const [type, nameA, nameB] =
    a.rank === 2 ? ['MatMul', 'transpose_a', 'transpose_b'] : ['BatchMatMulV2', 'adj_x', 'adj_y'];
  const attributes = [
    typeAttribute(backend, 'T', dtype),
    boolAttribute(backend, nameA!, transposeA),
    boolAttribute(backend, nameB!, transposeB),
  ];
  return backend.executeSingleOutput(type!, attributes, [a, b]);
}

function inBfloat16(backend: RawBackend, a: tf.Tensor, b: tf.Tensor, transposed: Transposed): tf.Tensor {
  const cast = (x: tf.Tensor, from: 'float32' | 'bfloat16', to: 'float32' | 'bfloat16') =>
    backend.executeSingleOutput(
      'Cast',
      [typeAttribute(backend, 'SrcT', from), typeAttribute(backend, 'DstT', to)],
      [x],
    );
  const product = rawProduct(
    backend,
    'bfloat16',
    cast(a, 'float32', 'bfloat16'),
    cast(b, 'float32', 'bfloat16'),
    transposed,
  );
  return cast(product, 'bfloat16', 'float32');
}

/**
 * The product of matrices, over all leading axes, in the precision that `withComputation` has set. With `bf16` both
 * factors and the result are rounded to bfloat16 (8 bits of mantissa); sums are float32 inside. Gradients likewise.
 *
 * @param a `[..., m, k]`, or `[..., k, m]` if `transposeA`
 * @param b `[..., k, n]`, or `[..., n, k]` if `transposeB`; the leading axes of a
 * @returns `[..., m, n]`
 */
export function matMul<T extends tf.Tensor>(a: T, b: T, transposeA = false, transposeB = false): T {
  if (a.rank !== b.rank || a.rank < 2 || a.shape.slice(0, -2).join() !== b.shape.slice(0, -2).join()) {
    const shapes = `a is [${a.shape.join(', ')}], b [${b.shape.join(', ')}]`;
    throw new Error(`matMul: both must be matrices over the same leading axes, ${shapes}.`);
  }
  const [inner, other] = [a.shape.at(transposeA ? -2 : -1)!, b.shape.at(transposeB ? -1 : -2)!];
  if (inner !== other) throw new Error(`matMul: inner extents must agree, they are ${inner} and ${other}.`);
  const { precision } = currentComputation();
  const product = (x: tf.Tensor, y: tf.Tensor, tx: boolean, ty: boolean) =>
    runOp<tf.Tensor>(op, { a: x, b: y }, { transposeA: tx, transposeB: ty, precision });
  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, y] = args as tf.Tensor[];
    (args[2] as tf.GradSaveFunc)([x!, y!]);
    return {
      value: product(x!, y!, transposeA, transposeB),
      gradFunc: (dy: tf.Tensor, [p, q]: tf.Tensor[]) => [
        transposeA ? product(q!, dy, transposeB, true) : product(dy, q!, false, !transposeB),
        transposeB ? product(dy, p!, true, transposeA) : product(p!, dy, !transposeA, false),
      ],
    };
  });
  return apply(a, b) as T;
}
