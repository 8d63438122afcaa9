import { categoriesFrom, loadAnnotations } from '@reelbert/data';

import { defineCommand } from './command.js';

export const logitsMergeCommand = defineCommand({
  name: 'logits merge <files..>',
  describe: 'Join the logits of parts, as predict --shard writes them, to those of all clips',
  options: {
    annotations: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'All clips, in the order that the result shall have',
    },
    out: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'CSV file, id,category_id a line',
    },
    logits: { type: 'string', requiresArg: true, describe: 'The logits too, for ensembles (safetensors)' },
  },
  async run({ annotations, out, logits, positional }, { terminal }) {
    const clips = await loadAnnotations(annotations);
    const { joinLogits } = await import('../stages/join-logits.js');
    const { readLogits } = await import('../stages/logits-file.js');
    const { writePredictions } = await import('../stages/predict.js');
    const parts = await Promise.all(positional.map((file) => readLogits(file)));
    const joined = joinLogits(
      parts,
      clips.map((clip) => clip.id),
    );
    await writePredictions({ ...joined, categories: categoriesFrom(joined.categories) }, { out, logits });
    terminal.result(`${out}: ${clips.length} clips`);
  },
});
