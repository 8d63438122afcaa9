import { InputError } from '@reelbert/data';
import type { InferredOptionTypes, Options } from 'yargs';

import type { Terminal } from '../terminal/terminal.js';

/** What a command gets beside its arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

type OptionTable = Readonly<Record<string, Options>>;

/** What a command's `run` gets from the command line. */
export type CommandArguments<O extends OptionTable = OptionTable> = InferredOptionTypes<O> & {
  readonly positional: readonly string[];
};

/** One command of the program. */
export interface Command<O extends OptionTable = OptionTable> {
  /** Its words, with positional arguments: `features merge <archives..>`. */
  readonly name: string;
  readonly describe: string;
  readonly options: O;
  readonly examples?: readonly (readonly [command: string, explanation: string])[];
  /** The first Ctrl-C is left to the command, which saves its state. */
  readonly savesOnInterruption?: boolean;
  run(args: CommandArguments<O>, context: CommandContext): Promise<void>;
}

/** Keeps the options' types for `run`. */
export function defineCommand<const O extends OptionTable>(command: Command<O>): Command {
  return command as unknown as Command;
}

/**
 * Checks what yargs lets through: options given twice or without a value, numbers that are none.
 *
 * @throws InputError naming the option
 */
export function checkOptions(options: OptionTable, args: Readonly<Record<string, unknown>>): void {
  for (const [name, option] of Object.entries(options)) {
    const value = args[name];
    if (value === undefined) continue;
    const field = `--${name}`;
    if (option.array !== true && option.type !== 'array' && Array.isArray(value)) {
      throw new InputError({ field, found: `${value.length} values`, expected: 'the option once' });
    }
    if (option.type === 'number' && !Number.isInteger(value)) {
      throw new InputError({
        field,
        found: Number.isNaN(value) ? 'no number' : String(value),
        expected: 'a whole number',
      });
    }
    if (value === '' || (Array.isArray(value) && (value.length === 0 || value.includes('')))) {
      throw new InputError({ field, found: 'nothing', expected: 'a value' });
    }
  }
}
