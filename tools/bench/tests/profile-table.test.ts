import type { NodeRecord } from '@reelbert/compiler';
import { describe, expect, it } from 'vitest';

import { formatProfile } from '../src/speed/profile-table.js';

const node = (name: string, op: string, startMicros: number, micros: number, bytes: number): NodeRecord => ({
  node: name,
  op,
  startMicros,
  micros,
  outputShapes: [[bytes / 4]],
  outputBytes: bytes,
  allocations: [{ micros: startMicros, bytes }],
});

describe('a profile as text', () => {
  const text = formatProfile(
    [
      node('Mul_1', 'Mul', 0, 1000, 4_000_000),
      node('MatMul_2', 'MatMul', 1000, 5000, 8_000_000),
      node('Mul_3', 'Mul', 6000, 2000, 1_000_000),
    ],
    2,
  );
  const rows = text.split('\n').map((line) => line.trim().split(/\s{2,}/));

  it('adds up the nodes of an operation, the longest first', () => {
    expect(rows).toContainEqual(['MatMul', '1', '5.0', '62.5%', '8.0']);
    expect(rows).toContainEqual(['Mul', '2', '3.0', '37.5%', '5.0']);
    expect(text.indexOf('\nMatMul ')).toBeLessThan(text.indexOf('\nMul '));
  });

  it('lists the longest nodes and the largest holders, as many as asked for', () => {
    expect(rows).toContainEqual(['MatMul_2 [2000000]', '1.0', '5.0', '62.5%', '8.0']);
    expect(rows).toContainEqual(['Mul_1 [1000000]', '0.0', '1.0', '30.8%', '4.0']);
    expect(rows.filter(([name]) => name === 'Mul_3 [250000]')).toHaveLength(1); // among the longest only
  });

  it('says how much was held at most', () => {
    expect(text).toContain('3 nodes, 8.0 ms of kernels in 8.0 ms; most memory 13.0 MB at 6.0 ms');
  });
});
