// The command on models just large enough to have every part.
import { benchRun } from '../src/speed/command.js';

process.exitCode = await benchRun(
  process.argv.slice(2),
  process.cwd(),
  { result: (text) => process.stdout.write(text), message: (text) => process.stderr.write(text) },
  { full: 'tiny', quick: 'tiny' },
);
