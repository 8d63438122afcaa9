import { mergeFeatureArchives } from '@reelbert/data';

import { defineCommand } from './command.js';

export const featuresMergeCommand = defineCommand({
  name: 'features merge <archives..>',
  describe: 'Join archives of features',
  options: { out: { type: 'string', demandOption: true, requiresArg: true, describe: 'The joined archive' } },
  async run({ out, positional }, { terminal }) {
    const clips = await mergeFeatureArchives(positional, out);
    terminal.result(`${out}: ${clips} clips`);
  },
});
