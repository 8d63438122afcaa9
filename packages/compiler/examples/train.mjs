import * as tf from '@tensorflow/tfjs-core';
import { startBackend } from '@reelbert/engine';
import { applyAdam, createProgram } from '@reelbert/compiler';

await startBackend();
const program = createProgram(); // compiled where TensorFlow runs, else op by op
const [w, m, v] = ['w', 'm', 'v'].map((name) => program.variable(name, [2]));

program.define('train', ({ x, y, t }) => {
  const loss = (w) => tf.mean(tf.square(tf.sub(tf.sum(tf.mul(x, w), 1), y)));
  const { value, grads } = tf.valueAndGrads(loss)([w.read()]);
  const [beta1, beta2] = [tf.scalar(0.9), tf.scalar(0.999)];
  const powers = { beta1Power: tf.pow(beta1, t), beta2Power: tf.pow(beta2, t) };
  const rates = { learningRate: tf.scalar(0.1), beta1, beta2, epsilon: tf.scalar(1e-7) };
  applyAdam({ variable: w, m, v, gradient: grads[0], ...powers, ...rates });
  return { loss: value };
});

const array = (shape, ...values) => ({ dtype: 'float32', shape, data: Float32Array.from(values) });
await program.write({ w: array([2], 0, 0), m: array([2], 0, 0), v: array([2], 0, 0) });
const batch = { x: array([3, 2], 1, 0, 0, 1, 1, 1), y: array([3], 2, -1, 1) };
for (let step = 1; step <= 200; step++) {
  const { loss } = await program.run('train', { ...batch, t: array([], step) });
  if (step % 50 === 0) console.log(step, loss.data[0]);
}
console.log((await program.read(['w'])).w.data); // near 2, -1
program.dispose();
