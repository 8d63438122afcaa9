// nx run golden:check --dir DIR
import { hideBin } from 'yargs/helpers';

import { goldenCheck } from './command.js';

// Nx runs its commands in the workspace's root: a relative path is meant from where the user stands.
const from = process.env['INIT_CWD'] ?? process.cwd();
process.exitCode = await goldenCheck(hideBin(process.argv), from, {
  result: (text) => process.stdout.write(text),
  problem: (text) => process.stderr.write(text),
});
