import { expect, it } from 'vitest';
import { bfloat16Problem } from '../src/index.js';

const tensorflow = { backend: 'tensorflow', gpu: false } as const;

it.each(['avx512_bf16', 'amx_bf16', 'bf16'])('bfloat16 is for processors with %s', (feature) => {
  expect(bfloat16Problem(tensorflow, ['avx2', feature])).toBeUndefined();
});

it('bfloat16 is for GPUs', () => {
  expect(bfloat16Problem({ backend: 'tensorflow', gpu: true }, [])).toBeUndefined();
});

it('elsewhere the reason is told', () => {
  expect(bfloat16Problem(tensorflow, ['avx2', 'avx512f'])).toMatch('has none of avx512_bf16');
  expect(bfloat16Problem({ backend: 'wasm', gpu: false }, ['amx_bf16'])).toBe(
    'the wasm backend has no bfloat16',
  );
});
