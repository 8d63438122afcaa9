import { defineCommand } from './command.js';

export const setupCommand = defineCommand({
  name: 'setup',
  describe: 'Get and build the TensorFlow engine; does nothing where that is done',
  options: {},
  async run(_args, { terminal }) {
    const { formatSetup, setupEngine } = await import('@reelbert/engine');
    const bar = terminal.progress('setup', 100, '%');
    let step = '';
    const report = await setupEngine({
      onProgress: (progress) => {
        if (progress.step !== step) terminal.say(`setup: ${progress.step}`);
        step = progress.step;
        if (progress.fraction !== undefined) bar.update(Math.round(progress.fraction * 100));
      },
    }).finally(() => bar.stop());
    terminal.result(formatSetup(report));
  },
});
