import { defineCommand } from './command.js';

const targets = ['bert', 'clip', 'own'] as const;
const precisions = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;
const precisionNames = Object.keys(precisions) as (keyof typeof precisions)[];

export const exportCommand = defineCommand({
  name: 'export <model>',
  describe: 'Write a Hugging Face folder of a run, an export or an imported model',
  options: {
    out: { type: 'string', demandOption: true, requiresArg: true, describe: 'The folder' },
    as: {
      choices: targets,
      requiresArg: true,
      describe:
        "bert: the text encoder, for transformers' BertModel; clip: the vision tower, for CLIPVisionModel; " +
        "own: all weights under the original's names [bert or clip if imported so, else own]",
    },
    names: {
      choices: ['transformers-4', 'transformers-5'] as const,
      requiresArg: true,
      describe: 'clip: whose names; those of 4 load in 5 too [as imported, else transformers-4]',
    },
    precision: {
      choices: precisionNames,
      requiresArg: true,
      describe: 'Of the weights in the file [as imported, else float32]',
    },
  },
  examples: [['export runs/pretrain --as bert --out my-bert', 'what pretraining made of the BERT']],
  async run({ positional, out, as, names, precision }, { terminal }) {
    const [model] = positional;
    const { exportModel } = await import('../stages/export-model.js');
    const job = { model: model!, out, as, names, precision: precision && precisions[precision] };
    await exportModel(job, terminal);
    terminal.result(out);
  },
});
