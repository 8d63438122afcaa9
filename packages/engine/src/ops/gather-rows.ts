import * as tf from '@tensorflow/tfjs-core';
import { intAttribute, typeAttribute } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

// tf.gather reads its indices back to check them: slow op by op, impossible while recording.
const gatherOp = 'ReelbertGatherRows';
const sumOp = 'ReelbertSumRows';

registerOp(gatherOp, {
  raw: (backend, { table, ids }) => {
    const axis = tf.scalar(0, 'int32');
    const attributes = [
      intAttribute(backend, 'batch_dims', 0),
      typeAttribute(backend, 'Tparams', 'float32'),
      typeAttribute(backend, 'Tindices', 'int32'),
      typeAttribute(backend, 'Taxis', 'int32'),
    ];
    const rows = backend.executeSingleOutput('GatherV2', attributes, [table!, ids!, axis]);
    axis.dispose();
    return rows;
  },
  composed: ({ table, ids }) => tf.gather(table!, ids as tf.Tensor1D),
});

registerOp(sumOp, {
  raw: (backend, { rows, ids }, { count }) => {
    const segments = tf.scalar(count as number, 'int32');
    const attributes = [
      typeAttribute(backend, 'T', 'float32'),
      typeAttribute(backend, 'Tindices', 'int32'),
      typeAttribute(backend, 'Tnumsegments', 'int32'),
    ];
    const sums = backend.executeSingleOutput('UnsortedSegmentSum', attributes, [rows!, ids!, segments]);
    segments.dispose();
    return sums;
  },
  // The WASM backend has no UnsortedSegmentSum; ScatterNd adds up the rows of one index on every backend.
  composed: ({ rows, ids }, { count }) =>
    tf.scatterND(tf.reshape(ids!, [-1, 1]), rows!, [count as number, rows!.shape[1]!]),
});

tf.registerGradient({
  kernelName: gatherOp,
  inputsToSave: ['ids'],
  gradFunc: (dy, [ids], attributes) => {
    const { rows, dim } = attributes as unknown as { rows: number; dim: number };
    return { table: () => sumRows(tf.reshape(dy as tf.Tensor, [-1, dim]), tf.reshape(ids!, [-1]), rows) };
  },
});

tf.registerGradient({
  kernelName: sumOp,
  inputsToSave: ['ids'],
  gradFunc: (dy, [ids]) => ({ rows: () => gatherRows(dy as tf.Tensor2D, ids!) }),
});

/**
 * Looks rows up in a table, as an embedding does, without reading the ids back.
 *
 * @param table `[rows, dim]` float32.
 * @param ids int32 of any shape, each in `[0, rows)`.
 * @returns `[...ids.shape, dim]`. The gradient of the table adds up the gradients of each row's uses.
 */
export function gatherRows(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  if (table.rank !== 2)
    throw new Error(`gatherRows: table must be [rows, dim], its shape is [${table.shape.join(', ')}].`);
  if (ids.dtype !== 'int32') throw new Error(`gatherRows: ids must be int32, they are ${ids.dtype}.`);
  return runOp<tf.Tensor>(gatherOp, { table, ids }, { rows: table.shape[0], dim: table.shape[1] });
}

/**
 * Adds up rows by number: row i of the result is the sum of the rows whose id is i, zero where there is none.
 *
 * @param rows `[n, dim]` float32.
 * @param ids int32 `[n]`, each in `[0, count)`.
 * @returns `[count, dim]`. The gradient of a row is that of its sum.
 */
export function sumRows(rows: tf.Tensor, ids: tf.Tensor, count: number): tf.Tensor2D {
  if (rows.rank !== 2)
    throw new Error(`sumRows: rows must be [n, dim], their shape is [${rows.shape.join(', ')}].`);
  if (ids.dtype !== 'int32') throw new Error(`sumRows: ids must be int32, they are ${ids.dtype}.`);
  if (ids.rank !== 1 || ids.shape[0] !== rows.shape[0])
    throw new Error(`sumRows: ids must be [${rows.shape[0]}], their shape is [${ids.shape.join(', ')}].`);
  return runOp<tf.Tensor2D>(sumOp, { rows, ids }, { count });
}
