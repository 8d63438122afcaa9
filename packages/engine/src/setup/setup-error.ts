/** Why the engine can't be set up, and what to do about it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly problem: string;
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(`${problem}\n  What to do: ${remedy}`);
    this.problem = problem;
    this.remedy = remedy;
  }
}
