/** Where a stage says what it does. Nothing of it is a result. */
export interface Reporter {
  /** One line that the user should see. */
  say(line: string): void;
  /** Shows progress through a known number of pieces of work. */
  progress(label: string, total: number, unit: string): Progress;
}

/** One piece of work with a known length. */
export interface Progress {
  /** So many pieces are done in all; `note` is a word or two, such as the loss; `total` where it wasn't known before. */
  update(done: number, note?: string, total?: number): void;
  /** Removes the bar. */
  stop(): void;
}

/** Says nothing. */
export const silentReporter: Reporter = {
  say: () => undefined,
  progress: () => ({ update: () => undefined, stop: () => undefined }),
};
