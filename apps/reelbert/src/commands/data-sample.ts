import { join } from 'node:path';

import { cacheFolder } from '../dataset/data-folder.js';
import { Interrupted } from '../exit-status.js';
import type { Progress } from '../terminal/reporter.js';
import { defineCommand } from './command.js';

export const dataSampleCommand = defineCommand({
  name: 'data sample',
  describe: 'Make the sample data set: animated emoji with Chinese texts, in the input format',
  options: {
    out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder of the data set' },
    embedded: {
      type: 'boolean',
      describe: 'The smaller sample that comes with the program: downloads nothing',
    },
    limit: { type: 'number', requiresArg: true, describe: 'Most clips' },
    'split-seed': { type: 'number', requiresArg: true, describe: 'Seed of the split into parts [802]' },
    size: { type: 'number', requiresArg: true, describe: 'Height and width of a frame [64]' },
    frames: { type: 'number', requiresArg: true, describe: 'Frames of a clip [8]' },
  },
  savesOnInterruption: true,
  async run({ out, embedded, limit, 'split-seed': splitSeed, size, frames }, { terminal, signal }) {
    const { makeSampleData } = await import('../sample-data/index.js');
    let bar: Progress | undefined;
    let stage = '';
    let latest = 0;
    const result = await makeSampleData({
      out,
      source: embedded ? 'embedded' : 'full',
      cacheDir: join(cacheFolder(), 'sample-packages'),
      limit,
      ...(splitSeed !== undefined && { splitSeed }),
      ...(size !== undefined && { size }),
      ...(frames !== undefined && { framesPerClip: frames }),
      signal,
      onProgress: ({ stage: now, done, total, unit }) => {
        if (now !== stage) {
          bar?.stop();
          bar = terminal.progress(now, total, unit);
          stage = now;
        }
        bar!.update((latest = done));
      },
    })
      .catch((error: unknown) => {
        throw signal.aborted ? new Interrupted('data sample', latest, 'clip') : error;
      })
      .finally(() => bar?.stop());
    const { clips, level2, test, labelled, unlabelled } = result.counts;
    terminal.result(
      `${result.reused ? 'already there' : 'made'}: ${clips} clips of ${level2} classes in ${result.out} ` +
        `(${unlabelled} unlabelled, of which ${labelled} labelled; ${test} to test)`,
    );
  },
});
