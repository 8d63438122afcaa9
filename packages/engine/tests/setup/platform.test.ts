import { describe, expect, it } from 'vitest';
import { buildFor, type Platform } from '../../src/setup/platform.js';
import { SetupError } from '../../src/setup/setup-error.js';

const good: Platform = {
  system: 'linux',
  architecture: 'x64',
  nodeVersion: '22.12.0',
  glibc: '2.36',
  features: ['avx', 'avx2'],
};

function refusal(change: Partial<Platform>, variant: 'cpu' | 'cuda' = 'cpu'): SetupError {
  try {
    buildFor({ ...good, ...change }, variant);
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('the build for a platform', () => {
  it('is pinned by version and SHA-256', () => {
    const { library } = buildFor(good, 'cpu');
    expect(library.project).toBe('tensorflow-cpu');
    expect(library.version).toBe('2.21.0');
    expect(library.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("brings NVIDIA's libraries along for CUDA, each pinned", () => {
    const { library, companions } = buildFor(good, 'cuda');
    expect(library.project).toBe('tensorflow');
    const names = ['cublas', 'cuda-runtime', 'cudnn', 'nccl'];
    expect(companions.map(({ project }) => project)).toEqual(
      expect.arrayContaining(names.map((name) => `nvidia-${name}-cu12`)),
    );
    for (const { sha256 } of companions) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is there for 64-bit ARM, without CUDA', () => {
    const arm = { ...good, architecture: 'arm64', features: ['asimd'] };
    expect(buildFor(arm, 'cpu').library.platform).toBe('manylinux_2_27_aarch64');
    expect(refusal(arm, 'cuda').remedy).toContain('--cpu');
  });

  it.each([
    ['Node 23', { nodeVersion: '23.1.0' }, "Node 23.1.0 can't run TensorFlow", 'use Node 20 or 22'],
    ['Node 18', { nodeVersion: '18.20.0' }, "Node 18.20.0 can't run TensorFlow", 'use Node 20 or 22'],
    ['Windows', { system: 'win32' }, 'win32', 'WSL 2'],
    ['macOS', { system: 'darwin', architecture: 'arm64' }, 'darwin', 'container'],
    ['musl', { glibc: undefined }, 'glibc 2.27', 'newer glibc'],
    ['an old glibc', { glibc: '2.17' }, '2.17', 'newer glibc'],
    ['a processor without AVX', { features: ['sse2'] }, 'AVX', 'WASM'],
    ['an unknown architecture', { architecture: 'riscv64' }, 'riscv64', 'WASM'],
  ])('is refused on %s, saying what to do', (_name, change, problem, remedy) => {
    const error = refusal(change);
    expect(error.problem).toContain(problem);
    expect(error.remedy).toContain(remedy);
    expect(error.message).toContain('What to do');
  });
});
