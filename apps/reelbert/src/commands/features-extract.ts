import { loadAnnotations } from '@reelbert/data';

import { defineCommand } from './command.js';
import { parseShard, threadsOf } from './shard-option.js';

export const featuresExtractCommand = defineCommand({
  name: 'features extract',
  describe: "Compute the features of clips' frames with a CLIP tower",
  options: {
    annotations: { type: 'string', demandOption: true, requiresArg: true, describe: 'Clips, a JSON array' },
    frames: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder of zipped frames' },
    model: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'Export of clip-pretrain, or its run',
    },
    out: { type: 'string', demandOption: true, requiresArg: true, describe: 'The archive, a zip' },
    shard: { type: 'string', requiresArg: true, describe: 'I/N: the I-th of N parts of the clips' },
    resume: { type: 'boolean', describe: 'Go on with an interrupted extraction' },
    eager: { type: 'boolean', describe: 'Run operation by operation instead of compiled' },
  },
  savesOnInterruption: true,
  async run({ annotations, frames, model, out, shard, resume, eager }, { terminal, signal }) {
    const part = parseShard(shard);
    const clips = await loadAnnotations(annotations);
    const { extractFeatures } = await import('../stages/extract-features.js');
    const { Quarantine } = await import('../stages/quarantine.js');
    const quarantine = new Quarantine();
    const job = { tower: model, clips, frames, out, shard: part, resume };
    await extractFeatures(job, quarantine, {
      eager,
      signal,
      threads: threadsOf(part),
      reporter: terminal,
    });
    await quarantine.report(`${out}.quarantine.json`, clips.length, terminal);
    terminal.result(out);
  },
});
