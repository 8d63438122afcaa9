import { expect, it } from 'vitest';
import { doctor, formatDoctor, type DoctorReport } from '../../src/index.js';
import { processorFeatures } from '../../src/machine.js';

it('tells backend, versions, machine, cache and tools, as data and as text', async () => {
  const report = await doctor();
  expect(report.backend?.backend).toBe('tensorflow');
  expect(report.versions.node).toBe(process.versions.node);
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.machine.memory.available).toBeLessThanOrEqual(report.machine.memory.total);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  const text = formatDoctor(report);
  for (const part of ['backend    TensorFlow', 'cache', 'processor', 'memory', 'GPU', 'tools']) {
    expect(text).toContain(part);
  }
});

it('names everything that is missing, and what a fallback costs', async () => {
  const report: DoctorReport = {
    ...(await doctor()),
    backend: {
      ...{ backend: 'wasm', reason: "TensorFlow isn't set up", cost: 'it is slow', remedy: 'set it up' },
      ...{ version: '4.22.0', gpu: false, compiled: false },
    },
    engine: null,
    missing: [{ problem: 'No make is found.', remedy: 'install one' }],
  };
  const text = formatDoctor(report);
  expect(text).toContain("tfjs wasm 4.22.0: TensorFlow isn't set up");
  expect(text).toContain('cost: it is slow');
  expect(text).toContain('to mend it: set it up');
  expect(text).toContain('Missing: No make is found.\n  What to do: install one');
});

it('reads the instruction sets that matter from /proc/cpuinfo', () => {
  const cpuinfo = 'processor : 0\nmodel name : X\nflags\t\t: fpu sse2 avx2 fma avx512f amx_tile amx_bf16\n\n';
  expect(processorFeatures(cpuinfo)).toEqual(['avx2', 'fma', 'avx512f', 'amx_tile', 'amx_bf16']);
});
