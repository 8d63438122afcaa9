// nx run bench:run
import { hideBin } from 'yargs/helpers';

import { benchRun } from './speed/command.js';

// Nx runs its commands in the workspace's root: a relative path is meant from where the user stands.
const from = process.env['INIT_CWD'] ?? process.cwd();
process.exitCode = await benchRun(hideBin(process.argv), from, {
  result: (text) => process.stdout.write(text),
  message: (text) => process.stderr.write(text),
});
