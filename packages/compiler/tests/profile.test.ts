import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-node-gpu';
import { afterEach, describe, expect, it } from 'vitest';

import { createProgram, peakMemory, type HostTensor, type NodeRecord, type Program } from '../src/index.js';

const programs: Program[] = [];
afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

const size = 200;
const matrixBytes = 4 * size * size;
const x: HostTensor = {
  dtype: 'float32',
  shape: [size, size],
  data: new Float32Array(size * size).fill(0.1),
};

function twoProducts(mode: 'compiled' | 'eager') {
  const program = createProgram({ mode });
  programs.push(program);
  const runs = program.variable('runs', []);
  program.define('f', ({ x }) => {
    runs.assignAdd(tf.scalar(1));
    return { y: tf.sum(tf.matMul(tf.exp(x!), tf.matMul(x!, x!))) };
  });
  return program;
}

const start = { runs: { dtype: 'float32', shape: [], data: Float32Array.of(0) } } as const;

describe('a profiled run', () => {
  it('names every node with its operation, its time and the size of what it made', async () => {
    const program = twoProducts('compiled');
    await program.write(start);
    const records = await program.profile('f', { x });
    const products = records.filter(({ op }) => op.includes('MatMul'));
    expect(products).toHaveLength(2);
    for (const { node, micros, outputBytes, outputShapes } of products) {
      expect(node).toMatch(/MatMul/);
      expect(micros).toBeGreaterThan(0);
      expect(outputBytes).toBe(matrixBytes);
      expect(outputShapes).toEqual([[size, size]]);
    }
    const starts = records.map(({ startMicros }) => startMicros);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(products[1]!.startMicros).toBeGreaterThanOrEqual(products[0]!.startMicros + products[0]!.micros);
  });

  it('says what was held when most was: both factors and their product', async () => {
    const program = twoProducts('compiled');
    await program.write(start);
    const peak = peakMemory(await program.profile('f', { x }));
    expect(peak.holders.slice(0, 3).map(({ record }) => record.op.replace(/_Mkl|Batch|V2/g, ''))).toEqual(
      expect.arrayContaining(['MatMul', 'Exp', 'MatMul']),
    );
    expect(peak.bytes).toBeGreaterThanOrEqual(3 * matrixBytes);
    expect(peak.bytes).toBeLessThan(4 * matrixBytes);
  });

  it('updates variables, as any run does, and changes no later run', async () => {
    const program = twoProducts('compiled');
    await program.write(start);
    const before = await program.run('f', { x });
    await program.profile('f', { x });
    expect(await program.run('f', { x })).toEqual(before);
    expect((await program.read(['runs'])).runs!.data[0]).toBe(3);
  });

  it('is refused op by op, and for functions and inputs that do not fit', async () => {
    expect(() => twoProducts('eager').profile('f', { x })).toThrow('only compiled functions can be profiled');
    const program = twoProducts('compiled');
    expect(() => program.profile('g', { x })).toThrow("no function 'g'; there is: f");
    expect(() => program.profile('f', { x: { ...x, shape: [3] } })).toThrow(/needs 3 elements/);
  });
});

describe('peak memory', () => {
  const node = (name: string, ...allocations: [micros: number, bytes: number][]): NodeRecord => ({
    node: name,
    op: 'Op',
    startMicros: 0,
    micros: 1,
    outputShapes: [],
    outputBytes: 0,
    allocations: allocations.map(([micros, bytes]) => ({ micros, bytes })),
  });

  it('is the largest sum of what is held at a time', () => {
    const records = [node('a', [0, 10], [5, -10]), node('b', [3, 4], [9, -4]), node('c', [5, 8], [7, -8])];
    const peak = peakMemory(records);
    expect(peak).toMatchObject({ bytes: 14, micros: 3 });
    expect(peak.holders.map(({ record, bytes }) => [record.node, bytes])).toEqual([
      ['a', 10],
      ['b', 4],
    ]);
  });

  it('is nothing for a run that took nothing', () => {
    expect(peakMemory([node('a')])).toEqual({ bytes: 0, micros: 0, holders: [] });
  });
});
