import { basename } from 'node:path';

import { defineCommand } from './command.js';
import { importTargets } from '../stages/import-job.js';

export const importCommand = defineCommand({
  name: 'import',
  describe: 'Make an export, to start from, of a Hugging Face folder or repository (safetensors)',
  options: {
    from: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: "Folder with config.json and model.safetensors (or shards), or a repository's id",
    },
    as: {
      choices: importTargets,
      demandOption: true,
      requiresArg: true,
      describe:
        'bert: a text encoder (initialWeights of pretrain, finetune, clip-pretrain); clip: a CLIP vision tower ' +
        "(tower, featureTower); visual-bert, lxmert: a model around a BERT, or the original's own weights",
    },
    out: { type: 'string', requiresArg: true, describe: 'Folder of the export [models/NAME]' },
    revision: { type: 'string', requiresArg: true, describe: "A repository's commit, in full" },
    offline: { type: 'boolean', describe: 'Use the download cache alone, as HF_HUB_OFFLINE=1 does' },
    tokenizer: {
      type: 'string',
      requiresArg: true,
      describe: 'vocab.txt, tokenizer.json or their folder, instead of the one in the folder',
    },
    reference: {
      type: 'boolean',
      describe: "visual-bert, lxmert around a BERT: the original's choices instead of the defaults",
    },
    'frame-dim': {
      type: 'number',
      requiresArg: true,
      describe: "visual-bert, lxmert around a BERT: width of the frames' features [768]",
    },
    seed: {
      type: 'number',
      requiresArg: true,
      describe: 'visual-bert, lxmert around a BERT: draws the weights that the BERT lacks [0]',
    },
    normalisation: {
      choices: ['imagenet', 'clip'] as const,
      requiresArg: true,
      describe: "clip: colours of its images [preprocessor_config.json's, else clip; the original: imagenet]",
    },
    'short-side': {
      type: 'number',
      requiresArg: true,
      describe: 'clip: short side of its images before the middle is cut out [preprocessor_config.json]',
    },
    'shrink-on-load': {
      type: 'boolean',
      describe: "clip: large JPEGs are read at a fraction: faster, other pixels than Pillow's",
    },
  },
  examples: [
    ['import --from bert-base-chinese --as bert', 'a folder -> models/bert-base-chinese'],
    [
      'import --from openai/clip-vit-base-patch32 --revision SHA --as clip --normalisation imagenet --short-side 256',
      "a repository, with the original's images",
    ],
  ],
  async run(args, { terminal }) {
    const { from, as, revision, offline, tokenizer, normalisation } = args;
    const out = args.out ?? `models/${basename(from)}`;
    const { importModel } = await import('../stages/import-model.js');
    const job = {
      from,
      as,
      out,
      revision,
      offline,
      tokenizer,
      normalisation,
      seed: args.seed ?? 0,
      reference: args.reference ?? false,
      frameDim: args['frame-dim'],
      shortSide: args['short-side'],
      shrinkOnLoad: args['shrink-on-load'],
    };
    await importModel(job, terminal);
    terminal.result(out);
  },
});
