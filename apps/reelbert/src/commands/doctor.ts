import { defineCommand } from './command.js';

export const doctorCommand = defineCommand({
  name: 'doctor',
  describe: 'Say which tensor backend runs and why, versions, cores, GPU, and what is missing',
  options: { json: { type: 'boolean', describe: 'As JSON' } },
  async run({ json }, { terminal }) {
    const { doctor, formatDoctor } = await import('@reelbert/engine');
    const report = await doctor();
    terminal.result(json ? JSON.stringify(report, null, 2) : formatDoctor(report));
  },
});
