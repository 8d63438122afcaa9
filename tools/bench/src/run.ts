// nx run bench:run
import { hideBin } from 'yargs/helpers';

import { benchRun } from './speed/command.js';

process.exitCode = await benchRun(hideBin(process.argv), {
  result: (text) => process.stdout.write(text),
  message: (text) => process.stderr.write(text),
});
