import { InputError, loadAnnotations } from '@reelbert/data';

import { defineCommand } from './command.js';
import { parseShard, threadsOf } from './shard-option.js';

export const predictCommand = defineCommand({
  name: 'predict',
  describe: "Predict each clip's category with a fine-tuned model",
  options: {
    model: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'Export of a fine-tuned model, or its run',
    },
    annotations: { type: 'string', demandOption: true, requiresArg: true, describe: 'Clips, a JSON array' },
    features: { type: 'string', requiresArg: true, describe: 'Archive of frame features' },
    frames: { type: 'string', requiresArg: true, describe: 'Folder of zipped frames' },
    tower: {
      type: 'string',
      requiresArg: true,
      describe: "With --frames, for a model of features: the tower that makes them [that of the model's run]",
    },
    out: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'CSV file, id,category_id a line',
    },
    logits: { type: 'string', requiresArg: true, describe: 'The logits too, for ensembles (safetensors)' },
    shard: { type: 'string', requiresArg: true, describe: 'I/N: the I-th of N parts of the clips' },
    eager: { type: 'boolean', describe: 'Run operation by operation instead of compiled' },
  },
  savesOnInterruption: true,
  async run(
    { model, annotations, features, frames, tower, out, logits, shard, eager },
    { terminal, signal },
  ) {
    const part = parseShard(shard);
    const clips = await loadAnnotations(annotations);
    if (clips.length === 0)
      throw new InputError({ file: annotations, found: 'no clips', expected: 'at least one' });
    const { predictClips, writePredictions } = await import('../stages/predict.js');
    const { Quarantine } = await import('../stages/quarantine.js');
    const quarantine = new Quarantine();
    const predictions = await predictClips(
      { model, clips, features, frames, tower, shard: part },
      quarantine,
      {
        eager,
        signal,
        threads: threadsOf(part),
        reporter: terminal,
      },
    );
    await quarantine.report(
      `${out}.quarantine.json`,
      predictions.ids.length,
      terminal,
      'predicted from what they have',
    );
    await writePredictions(predictions, { out, logits });
    terminal.result(out);
  },
});
