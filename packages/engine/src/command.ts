import { parseArgs } from 'node:util';
import { doctor } from './doctor/doctor.js';
import { formatDoctor } from './doctor/format-doctor.js';
import { SetupError } from './setup/setup-error.js';
import { setupEngine } from './setup/setup-engine.js';
import type { OnProgress } from './setup/setup-progress.js';
import { formatSetup } from './setup/setup-text.js';

/** Where the command's results and its progress go. */
export interface CommandStreams {
  readonly out: (text: string) => void;
  /** Errors and progress. */
  readonly error: (text: string) => void;
  /** Whether progress may rewrite its line. */
  readonly terminal: boolean;
}

const usage = `Usage: reelbert-engine setup [--cpu | --cuda] [--json]   get TensorFlow and connect it with Node
       reelbert-engine doctor [--json]                   tell what this machine computes with, and why`;

/** Shows progress: on one line of a terminal, else a line a step. */
export function progressTo({ error, terminal }: CommandStreams): OnProgress {
  let shown = '';
  return ({ step, fraction }) => {
    if (terminal)
      error(`\r\x1b[K${step}${fraction === undefined ? '' : ` ${Math.round(100 * fraction)}%`} ...`);
    else if (step !== shown) error(`${step} ...\n`);
    shown = step;
  };
}

async function runSetup(
  flags: { cpu?: boolean; cuda?: boolean; json?: boolean },
  streams: CommandStreams,
): Promise<void> {
  const variant = flags.cuda ? 'cuda' : flags.cpu ? 'cpu' : undefined;
  const onProgress = progressTo(streams);
  const report = await setupEngine({ onProgress, ...(variant === undefined ? {} : { variant }) }).finally(
    () => {
      if (streams.terminal) streams.error('\r\x1b[K');
    },
  );
  streams.out(flags.json ? JSON.stringify(report, null, 2) : formatSetup(report));
}

function parse(args: readonly string[]): {
  command: string | undefined;
  flags: { cpu?: boolean; cuda?: boolean; json?: boolean; help?: boolean };
} {
  const options = {
    cpu: { type: 'boolean' },
    cuda: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  return { command: positionals.length === 1 ? positionals[0] : undefined, flags: values };
}

/** The command `reelbert-engine`; gives its exit status: 0 done, 1 failed, 2 called wrongly. */
export async function runEngineCommand(args: readonly string[], streams: CommandStreams): Promise<number> {
  let call: ReturnType<typeof parse>;
  try {
    call = parse(args);
  } catch (error) {
    streams.error(`${(error as Error).message}\n${usage}\n`);
    return 2;
  }
  const { command, flags } = call;
  if (flags.help) {
    streams.out(usage);
    return 0;
  }
  if ((command !== 'setup' && command !== 'doctor') || (flags.cpu && flags.cuda)) {
    streams.error(`${usage}\n`);
    return 2;
  }
  try {
    if (command === 'setup') await runSetup(flags, streams);
    else {
      const report = await doctor();
      streams.out(flags.json ? JSON.stringify(report, null, 2) : formatDoctor(report));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    streams.error(`${error.message}\n`);
    return 1;
  }
}
