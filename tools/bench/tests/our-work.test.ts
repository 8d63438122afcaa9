import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createProgram, type Program } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { prepareWork } from '../src/speed/our-work.js';
import { workNames, workPlan } from '../src/speed/plan.js';
import { writeZippedFrames } from '../src/speed/zipped-frames.js';

let frames: string;
let program: Program;
beforeAll(async () => {
  await startBackend();
  frames = await mkdtemp(join(tmpdir(), 'reelbert-bench-test-'));
  await writeZippedFrames(frames, 2, 3);
});
afterAll(() => rm(frames, { recursive: true }));
afterEach(() => program.dispose());

describe('our side of', () => {
  it.each(workNames)('%s runs on every batch of the plan and computes finite numbers', async (work) => {
    program = createProgram({ mode: 'compiled' });
    const { functionName, inputs, round } = await prepareWork(program, { ...workPlan(work, 'tiny'), frames });
    await round?.();
    for (const batch of inputs) {
      const outputs = Object.values(await program.run(functionName, batch));
      expect(outputs.length).toBeGreaterThan(0);
      for (const { data } of outputs) expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  it.each(['pretraining', 'finetuning', 'end-to-end', 'two-stream'] as const)(
    '%s trains: the step is finite and the weights change',
    async (work) => {
      program = createProgram({ mode: 'compiled' });
      const { functionName, inputs } = await prepareWork(program, workPlan(work, 'tiny'));
      const table =
        work === 'two-stream'
          ? 'roberta.embeddings.position_embeddings.weight'
          : 'roberta.bert.embeddings.position_embeddings.weight';
      const before = (await program.read([table]))[table];
      const { finite } = await program.run(functionName, inputs[0]!);
      expect(finite!.data[0]).toBe(1);
      expect((await program.read([table]))[table]).not.toEqual(before);
    },
  );

  it('encoder computes gradients, whose norm is handed out', async () => {
    program = createProgram({ mode: 'compiled' });
    const { functionName, inputs } = await prepareWork(program, workPlan('encoder', 'tiny'));
    const { norm } = await program.run(functionName, inputs[0]!);
    expect(norm!.data[0]).toBeGreaterThan(0);
  });
});
