import type { CommandContext } from './command.js';
import type { StageOptions } from '../stages/stage-options.js';

/** Options that the training stages share. */
export const trainingOptions = {
  config: { type: 'string', requiresArg: true, describe: "A preset's name or a YAML file" },
  set: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'Settings laid over the configuration: path.to.key=value ...',
  },
  out: { type: 'string', requiresArg: true, describe: "The run's folder" },
  resume: { type: 'boolean', describe: 'Go on with an unfinished run in that folder' },
  'max-steps': {
    type: 'number',
    requiresArg: true,
    describe: 'End the run, and its schedule, after so many steps',
  },
  eager: {
    type: 'boolean',
    describe: 'Run operation by operation instead of compiled (slow; for debugging)',
  },
} as const;

interface TrainingArguments {
  readonly set: readonly string[] | undefined;
  readonly out: string | undefined;
  readonly resume: boolean | undefined;
  readonly 'max-steps': number | undefined;
  readonly eager: boolean | undefined;
}

/** The settings of `--set`, with `--max-steps` as one more. */
export function settingsOf(args: TrainingArguments): string[] {
  const steps = args['max-steps'];
  return [...(args.set ?? []), ...(steps === undefined ? [] : [`training.maxSteps=${steps}`])];
}

/** What the stage is told beside its configuration. */
export function stageOptions(
  args: TrainingArguments,
  context: CommandContext,
  defaultOut: string,
): StageOptions {
  return {
    out: args.out ?? defaultOut,
    resume: args.resume,
    eager: args.eager,
    signal: context.signal,
    reporter: context.terminal,
  };
}
