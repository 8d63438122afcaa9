import { readFileSync } from 'node:fs';

import { InputError } from '@reelbert/data';
import yargs, { type Argv } from 'yargs';

import { commands } from './commands/index.js';
import {
  checkOptions,
  type Command,
  type CommandArguments,
  type CommandContext,
} from './commands/command.js';
import { describeFailure, exitStatus } from './exit-status.js';
import { watchInterruption } from './interruption.js';
import { Terminal } from './terminal/terminal.js';

/** Runs the program with command-line arguments and returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that has seen enough (`reelbert ... | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitStatus.done);
  });
  const terminal = new Terminal();
  try {
    await parser(argv, terminal).parseAsync();
    return exitStatus.done;
  } catch (error) {
    const { status, message } = describeFailure(error, {
      command: argv,
      verbose: argv.includes('--verbose'),
    });
    terminal.say(message);
    return status;
  }
}

function parser(argv: readonly string[], terminal: Terminal): Argv {
  const program = yargs(argv)
    .scriptName('reelbert')
    .usage('$0 <command>\n\nTeaches a model what a short video is about.')
    .parserConfiguration({
      'dot-notation': false,
      'boolean-negation': false,
      'parse-positional-numbers': false,
    })
    .option('verbose', {
      type: 'boolean',
      global: true,
      describe: 'Show where an unexpected failure happened',
    })
    .version(version())
    .wrap(100)
    .strict()
    .exitProcess(false)
    .demandCommand(1, 'Which command?')
    .recommendCommands()
    .epilogue('Exit status: 0 done, 1 unexpected failure, 2 wrong input, 75 interrupted (--resume goes on).')
    .fail((message: string | null, error: Error | undefined) => {
      throw (
        error ?? new InputError({ expected: `a command line that reelbert knows (see --help): ${message}` })
      );
    });
  for (const [group, members] of groupByFirstWord(commands)) {
    const [only] = members;
    if (members.length === 1 && only!.name.split(' <', 1)[0] === group)
      addCommand(program, only!, only!.name, terminal);
    else
      program.command(group, groupDescription(members), (inner) => addGroup(inner, group, members, terminal));
  }
  return program;
}

function addGroup(inner: Argv, group: string, members: readonly Command[], terminal: Terminal): Argv {
  for (const command of members) addCommand(inner, command, command.name.slice(group.length + 1), terminal);
  return inner.demandCommand(1, `${group}: which of its commands?`).strict();
}

function addCommand(program: Argv, command: Command, usage: string, terminal: Terminal): void {
  const positional = /<(\w+)(?:\.\.)?>/.exec(usage)?.[1];
  program.command(
    usage,
    command.describe,
    (inner) => {
      inner.options(command.options);
      for (const [example, explanation] of command.examples ?? [])
        inner.example(`$0 ${example}`, explanation);
      return inner;
    },
    async (args) => {
      checkOptions(command.options, args);
      const values = positional === undefined ? [] : [(args[positional] ?? []) as string | string[]].flat();
      await runCommand(command, { ...args, positional: values.map(String) } as CommandArguments, terminal);
    },
  );
}

async function runCommand(command: Command, args: CommandArguments, terminal: Terminal): Promise<void> {
  if (!command.savesOnInterruption) {
    await command.run(args, { terminal, signal: new AbortController().signal } satisfies CommandContext);
    return;
  }
  const interruption = watchInterruption((line) => terminal.say(line));
  try {
    await command.run(args, { terminal, signal: interruption.signal });
  } finally {
    interruption.end();
  }
}

function groupByFirstWord(all: readonly Command[]): Map<string, Command[]> {
  const groups = new Map<string, Command[]>();
  for (const command of all) {
    const word = command.name.split(' ', 1)[0]!;
    groups.set(word, [...(groups.get(word) ?? []), command]);
  }
  return groups;
}

function groupDescription(members: readonly Command[]): string {
  return members.map((command) => command.name.split(' ').slice(1, 2).join('')).join(', ');
}

function version(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
