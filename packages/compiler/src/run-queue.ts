/** Runs asynchronous work one piece after another, in the order in which it was added. */
export class RunQueue {
  #last: Promise<unknown> = Promise.resolve();
  #closed: string | undefined;

  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#closed !== undefined) throw new Error(this.#closed);
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Refuses, with this message, all that hasn't started. Resolves when what is running has ended. */
  close(message: string): Promise<unknown> {
    this.#closed = message;
    return this.#last;
  }
}
