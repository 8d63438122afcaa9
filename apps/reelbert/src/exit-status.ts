import { InputError } from '@reelbert/data';

/** How the program ends. */
export const exitStatus = {
  done: 0,
  /** Something failed that should not. */
  failed: 1,
  /** The user's input is wrong; the message says what would be right. */
  wrongInput: 2,
  /** Interrupted; `--resume` goes on from there. */
  interrupted: 75,
} as const;

/** A stage was interrupted after saving its state. */
export class Interrupted extends Error {
  constructor(
    readonly stage: string,
    /** Steps or items done. */
    readonly step: number,
    readonly unit: 'step' | 'clip' = 'step',
  ) {
    super(`${stage}: interrupted at ${unit} ${step}`);
    this.name = 'Interrupted';
  }
}

/** The status and the text that the user gets for an error. */
export function describeFailure(
  error: unknown,
  context: { readonly command: readonly string[]; readonly verbose: boolean },
): { status: number; message: string } {
  if (error instanceof Interrupted) {
    const goOn = resumeCommand(context.command);
    return { status: exitStatus.interrupted, message: `${error.message}; go on with: ${goOn}` };
  }
  if (error instanceof InputError)
    return { status: exitStatus.wrongInput, message: `error: ${error.message}` };
  const system = systemProblem(error);
  if (system) return { status: exitStatus.wrongInput, message: `error: ${system}` };
  const message = error instanceof Error ? error.message : String(error);
  if (context.verbose && error instanceof Error)
    return { status: exitStatus.failed, message: error.stack ?? message };
  // What is missing and what to do about it.
  if (error instanceof Error && error.name === 'SetupError') return { status: exitStatus.failed, message };
  const firstLine = message.split('\n', 1)[0]!;
  return { status: exitStatus.failed, message: `failed: ${firstLine}\n(--verbose shows where)` };
}

/** The same command, with `--resume` where it takes that. */
function resumeCommand(command: readonly string[]): string {
  const resumable = ['clip-pretrain', 'pretrain', 'finetune', 'features'].includes(command[0] ?? '');
  const resumed = !resumable || command.includes('--resume') ? command : [...command, '--resume'];
  return ['reelbert', ...resumed.map(quote)].join(' ');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Problems with the paths that the user gave. */
function systemProblem(error: unknown): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  if (path === undefined) return undefined;
  const problems: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    ENOTDIR: 'a part of this path is a file, not a folder',
    EISDIR: 'this is a folder, not a file',
    EACCES: 'no permission',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space is left on the disk',
  };
  const problem = problems[code ?? ''];
  return problem && `${path}: ${problem}`;
}
