import type { Program } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';

import { productShapes } from '../flops.js';
import { madeUpNumbers } from '../made-up-data.js';
import type { ProgramWork } from '../our-work.js';
import type { WorkPlan } from '../plan.js';

/** The model's matrix products by themselves, on matrices that lie in variables. */
export async function productWork(program: Program, { sizes, batches }: WorkPlan): Promise<ProgramWork> {
  const pairs = productShapes(sizes).map(([rows, inner, columns], i) => ({
    left: program.variable(`left.${i}`, [rows, inner]),
    right: program.variable(`right.${i}`, [inner, columns]),
  }));
  for (const { name, shape } of pairs.flatMap(({ left, right }) => [left, right])) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    await program.write({ [name]: { dtype: 'float32', shape, data: madeUpNumbers(size, 0) } });
  }
  // One element of each product is handed out: that is enough to have it computed.
  program.define('products', () =>
    Object.fromEntries(
      pairs.map(({ left, right }, i) => {
        const product = tf.matMul(left.read() as tf.Tensor2D, right.read() as tf.Tensor2D);
        return [`corner.${i}`, tf.slice(product, [0, 0], [1, 1])];
      }),
    ),
  );
  return { functionName: 'products', inputs: batches.map(() => ({})) };
}
