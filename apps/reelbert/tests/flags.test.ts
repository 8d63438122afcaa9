import { describe, expect, it } from 'vitest';

import { commands } from '../src/commands/index.js';
import { reelbert } from './program.js';

const training = ['config', 'set', 'out', 'resume', 'max-steps', 'eager'];

describe('the command line', () => {
  it('has these commands and options: change them on purpose only', () => {
    const found = Object.fromEntries(commands.map(({ name, options }) => [name, Object.keys(options)]));
    expect(found).toEqual({
      demo: ['out'],
      doctor: ['json'],
      setup: [],
      'data sample': ['out', 'embedded', 'limit', 'split-seed', 'size', 'frames'],
      'data check': ['annotations', 'frames', 'labels', 'out'],
      'clip-pretrain': training,
      'features extract': ['annotations', 'frames', 'model', 'out', 'shard', 'resume', 'eager'],
      'features merge <archives..>': ['out'],
      pretrain: training,
      finetune: [...training, 'folds', 'fold'],
      predict: ['model', 'annotations', 'features', 'frames', 'tower', 'out', 'logits', 'shard', 'eager'],
      'logits merge <files..>': ['annotations', 'out', 'logits'],
      evaluate: ['predictions', 'annotations', 'json'],
      ensemble: [
        'logits',
        'weights',
        'search',
        'stack',
        'oof',
        'annotations',
        'of',
        'tables',
        'report',
        'out',
      ],
      'report <run>': ['out', 'predictions', 'annotations'],
      import: [
        'from',
        'as',
        'out',
        'revision',
        'offline',
        'tokenizer',
        'reference',
        'frame-dim',
        'seed',
        'normalisation',
        'short-side',
        'shrink-on-load',
      ],
      'export <model>': ['out', 'as', 'names', 'precision'],
      pipeline: ['config', 'set', 'out', 'eager'],
    });
  });

  it('describes every option', () => {
    for (const { name, options } of commands) {
      for (const [option, { describe }] of Object.entries(options)) {
        expect(describe, `${name} --${option}`).toBeTruthy();
      }
    }
  });

  it('helps with the program and with a command', async () => {
    const help = await reelbert(['--help'], '.');
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const { name } of commands) expect(help.stdout).toContain(`reelbert ${name.split(' ')[0]}`);
    const pretrain = await reelbert(['pretrain', '--help'], '.');
    expect(pretrain.stdout).toContain('--max-steps');
  });

  it('tells its version', async () => {
    expect((await reelbert(['--version'], '.')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('tells what it runs on', async () => {
    const { stdout } = await reelbert(['doctor', '--json'], '.');
    expect(JSON.parse(stdout)).toHaveProperty('backend');
  });
});
