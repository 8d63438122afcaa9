import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-node-gpu';
import { afterEach, describe, expect, it } from 'vitest';

import { applyAdam, createProgram, type HostTensor, type Program } from '../src/index.js';

const programs: Program[] = [];
function makeProgram(mode: 'compiled' | 'eager', options = {}) {
  const program = createProgram({ mode, ...options });
  programs.push(program);
  return program;
}
afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

const vector = (...values: number[]): HostTensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** Least squares with Adam: what a training step does, on two numbers. */
function trainingProgram(mode: 'compiled' | 'eager') {
  const program = makeProgram(mode);
  const [weight, m, v] = ['weight', 'm', 'v'].map((name) => program.variable(name, [2]));
  const step = program.variable('step', [], 'int32');
  program.define('train', ({ x, y, rate }) => {
    const value = weight!.read();
    const { value: loss, grads } = tf.valueAndGrads((w: tf.Tensor) =>
      tf.mean(tf.square(tf.sub(tf.mul(w, x!), y!))),
    )([value]);
    const number = tf.cast(tf.add(step.read(), tf.scalar(1, 'int32')), 'float32');
    applyAdam({
      variable: weight!,
      m: m!,
      v: v!,
      gradient: grads[0]!,
      learningRate: rate!,
      beta1: tf.scalar(0.9),
      beta2: tf.scalar(0.999),
      beta1Power: tf.pow(tf.scalar(0.9), number),
      beta2Power: tf.pow(tf.scalar(0.999), number),
      epsilon: tf.scalar(1e-6),
    });
    step.assignAdd(tf.scalar(1, 'int32'));
    return { loss, after: weight!.read(), step: step.read() };
  });
  return program;
}

async function train(program: Program, steps: number) {
  await program.write({ weight: vector(1, -1), m: vector(0, 0), v: vector(0, 0) });
  await program.write({ step: { dtype: 'int32', shape: [], data: Int32Array.of(0) } });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { loss } = await program.run('train', {
      x: vector(1, 2),
      y: vector(3, 5 + (i % 3)),
      rate: scalar(0.3),
    });
    losses.push(loss!.data[0]!);
  }
  return { losses, state: await program.read(['weight', 'm', 'v', 'step']) };
}

describe('a program', () => {
  it('trains the same compiled as op by op', async () => {
    const compiled = await train(trainingProgram('compiled'), 20);
    const eager = await train(trainingProgram('eager'), 20);
    expect(compiled.losses[19]).toBeLessThan(compiled.losses[0]! / 4);
    compiled.losses.forEach((loss, i) => expect(loss).toBeCloseTo(eager.losses[i]!, 5));
    expect(compiled.state.step!.data).toEqual(Int32Array.of(20));
    for (const name of ['weight', 'm', 'v']) {
      compiled.state[name]!.data.forEach((value, i) =>
        expect(value).toBeCloseTo(eager.state[name]!.data[i]!, 5),
      );
    }
  });

  it('trains the same where there is no TensorFlow', async () => {
    const onTensorflow = await train(trainingProgram('eager'), 5);
    await tf.setBackend('cpu');
    try {
      const program = trainingProgram('eager');
      const elsewhere = await train(program, 5);
      elsewhere.losses.forEach((loss, i) => expect(loss).toBeCloseTo(onTensorflow.losses[i]!, 4));
      expect(() => createProgram({ mode: 'compiled' })).toThrow(/can't be compiled: tfjs runs on 'cpu'/);
      expect(createProgram().mode).toBe('eager');
    } finally {
      await tf.setBackend('tensorflow');
    }
  });

  it('gives the same bits each time it starts from the same state', async () => {
    const program = trainingProgram('compiled');
    expect(await train(program, 10)).toEqual(await train(program, 10));
  });

  it.each(['compiled', 'eager'] as const)(
    'orders reads and writes as they are written down (%s)',
    async (mode) => {
      const program = makeProgram(mode);
      const a = program.variable('a', [1]);
      program.define('f', ({ x }) => {
        const before = a.read();
        a.assign(x!);
        const between = a.read();
        a.assignAdd(between);
        return { before, between, after: a.read() };
      });
      await program.write({ a: vector(1) });
      const result = await program.run('f', { x: vector(5) });
      expect([result.before, result.between, result.after].map((tensor) => tensor!.data[0])).toEqual([
        1, 5, 10,
      ]);
      expect((await program.read(['a'])).a!.data[0]).toBe(10);
    },
  );

  it('shares variables between functions and batch shapes', async () => {
    const program = makeProgram('compiled');
    const sum = program.variable('sum', []);
    program.define('add', ({ x }) => {
      sum.assignAdd(tf.sum(x!));
      return {};
    });
    program.define('get', () => ({ sum: sum.read() }));
    await program.write({ sum: scalar(0) });
    await program.run('add', { x: vector(1, 2) });
    await program.run('add', { x: vector(1, 2, 3) });
    expect((await program.run('get', {})).sum!.data[0]).toBe(9);
  });

  it('leaves the event loop free while it runs, and queues runs in order', async () => {
    const program = makeProgram('compiled');
    const log: string[] = [];
    program.define('product', ({ x }) => ({ y: tf.sum(tf.matMul(x!, tf.matMul(x!, x!))) }));
    const x = { dtype: 'float32', shape: [800, 800], data: new Float32Array(640_000).fill(1e-3) } as const;
    await program.run('product', { x });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await Promise.all([1, 2, 3].map((n) => program.run('product', { x }).then(() => log.push(`run ${n}`))));
    clearInterval(timer);
    expect(log).toEqual(['run 1', 'run 2', 'run 3']);
    expect(ticks).toBeGreaterThan(0);
  });

  it('keeps the number of tensors constant', async () => {
    const program = trainingProgram('compiled');
    await train(program, 2);
    const before = tf.memory().numTensors;
    const native = (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();
    await train(program, 20);
    expect(tf.memory().numTensors).toBe(before);
    expect((tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors()).toBe(native);
  });

  it('leaves the active backend as it was, also after a failed recording', async () => {
    const program = makeProgram('compiled');
    program.define('bad', () => {
      throw new Error('broken');
    });
    await expect(program.run('bad', {})).rejects.toThrow("function 'bad' can't be recorded: broken");
    expect(tf.getBackend()).toBe('tensorflow');
    expect(tf.tidy(() => tf.add(1, 2).dataSync()[0])).toBe(3);
  });
});

describe('recording refuses by name', () => {
  const refusals: [string, (x: tf.Tensor) => tf.Tensor, RegExp][] = [
    ['a function that reads data', (x) => tf.scalar(x.dataSync()[0]!), /reads a tensor's data/],
    [
      'a large array baked in',
      (x) => tf.add(x, tf.sum(tf.tensor1d(Array.from({ length: 5000 }, (_, i) => i)))),
      /constant of shape \[5000\] would be baked in/,
    ],
    [
      'an output whose shape depends on data',
      (x) => raw('Where', x),
      /'Where' has a shape that depends on data/,
    ],
    ['an operation that TensorFlow lacks', (x) => raw('NoSuchOperation', x), /NoSuchOperation/],
  ];
  const raw = (type: string, x: tf.Tensor) =>
    (tf.backend() as unknown as { executeSingleOutput(...args: unknown[]): tf.Tensor }).executeSingleOutput(
      type,
      [],
      [x],
    );

  it.each(refusals)('%s', async (_, fn, message) => {
    const program = makeProgram('compiled');
    program.define('f', ({ x }) => ({ y: fn(x!) }));
    await expect(program.run('f', { x: vector(1, 2) })).rejects.toThrow(message);
    await expect(program.run('f', { x: vector(1, 2) })).rejects.toThrow(/^function 'f' can't be recorded/);
  });

  it('a tensor from outside, which stays usable', async () => {
    const outside = tf.tensor1d([1, 2]);
    const program = makeProgram('compiled');
    program.define('f', ({ x }) => ({ y: tf.add(x!, outside) }));
    await expect(program.run('f', { x: vector(1, 2) })).rejects.toThrow(
      /tensor from outside \(float32 \[2\]\); make it an input or a variable/,
    );
    expect([...outside.dataSync()]).toEqual([1, 2]);
    outside.dispose();
  });

  it('ever new signatures, listing them', async () => {
    const program = makeProgram('compiled', { signatureLimit: 2 });
    program.define('f', ({ x }) => ({ y: tf.neg(x!) }));
    await program.run('f', { x: vector(1) });
    await program.run('f', { x: vector(1, 2) });
    await expect(program.run('f', { x: vector(1, 2, 3) })).rejects.toThrow(
      /met 3 signatures; the limit is 2.*\nx:float32\[1\]\nx:float32\[2\]\nx:float32\[3\]/s,
    );
    expect((await program.run('f', { x: vector(4) })).y!.data[0]).toBe(-4);
  });
});

describe('wrong use of a program is an error that says what would be right', () => {
  it.each(['compiled', 'eager'] as const)('%s', async (mode) => {
    const program = makeProgram(mode);
    program.variable('w', [2]);
    program.define('f', ({ x }) => ({ y: x! }));
    expect(() => program.variable('w', [3])).toThrow(/declared as float32 \[2\] and again as float32 \[3\]/);
    expect(() => program.define('f', () => ({}))).toThrow(/defined twice/);
    expect(() => program.run('g', {})).toThrow(/no function 'g'; there is: f/);
    expect(() =>
      program.run('f', { x: { dtype: 'float32', shape: [3], data: new Float32Array(2) } }),
    ).toThrow(/shape \[3\] needs 3 elements, found 2/);
    expect(() => program.write({ v: vector(1) })).toThrow(/no variable 'v'; there is: w/);
    await expect(Promise.resolve().then(() => program.write({ w: vector(1) }))).rejects.toThrow(
      /can't take float32 \[1\]/,
    );
    await expect(program.read(['w'])).rejects.toThrow("variable 'w' was never written");
  });
});
