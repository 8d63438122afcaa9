import { createProgram } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';

import { prepareWork } from './our-work.js';
import { workPlan, type Extent, type WorkName } from './plan.js';
import { formatProfile } from './profile-table.js';

/** Where the time and memory of one of our steps go, as text: the plan's middle batch, after two runs of it. */
export async function profileStep(
  work: WorkName,
  extent: Extent,
  { nodes, threads }: { readonly nodes: number; readonly threads: number },
): Promise<string> {
  await startBackend();
  const program = createProgram({ mode: 'compiled', intraOpThreads: threads });
  try {
    const { functionName, inputs } = await prepareWork(program, workPlan(work, extent));
    const batch = inputs[Math.floor(inputs.length / 2)]!;
    for (let i = 0; i < 2; i++) await program.run(functionName, batch);
    const started = performance.now();
    await program.run(functionName, batch);
    const seconds = (performance.now() - started) / 1000;
    const records = await program.profile(functionName, batch);
    return `${work}: ${seconds.toFixed(3)} s a step unobserved\n\n${formatProfile(records, nodes)}`;
  } finally {
    program.dispose();
  }
}
