/** Where the input is wrong, what was found there, and what would be right. */
export interface InputErrorDetails {
  readonly file?: string | undefined;
  /** Line and column, item, archive entry. */
  readonly place?: string | undefined;
  readonly field?: string | undefined;
  readonly found?: string | undefined;
  readonly expected: string;
}

/** The user's input is wrong; the program shows the message alone and exits with status 2. */
export class InputError extends Error {
  readonly details: InputErrorDetails;

  constructor(details: InputErrorDetails) {
    const { file, place, field, found, expected } = details;
    const where = [file, place, field].filter((part) => part !== undefined).join(': ');
    const what = found === undefined ? `expected ${expected}` : `found ${found}; expected ${expected}`;
    super(where ? `${where}: ${what}` : what);
    this.name = 'InputError';
    this.details = details;
  }
}
