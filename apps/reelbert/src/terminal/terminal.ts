import { SingleBar } from 'cli-progress';

import { rateOf, timeLeft } from './rate.js';
import type { Progress, Reporter } from './reporter.js';

/** The terminal: results on standard output, everything else on standard error, bars where that is a terminal. */
export class Terminal implements Reporter {
  #bar: SingleBar | undefined;

  /** Writes a result to standard output. */
  result(text: string): void {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  say(line: string): void {
    // A line above the bar, which is drawn again at its next update.
    if (this.#bar) process.stderr.write('\r\u001b[K');
    process.stderr.write(`${line}\n`);
  }

  progress(label: string, total: number, unit: string): Progress {
    if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
    const bar = new SingleBar({
      format: `${label} {bar} {value}/{total} ${unit} | {rate}/s | {left} left {note}`,
      barsize: 24,
      barCompleteChar: '\u2588',
      barIncompleteChar: '\u2591',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
    });
    const rate = rateOf();
    bar.start(total, 0, { rate: '-', left: '-', note: '' });
    this.#bar = bar;
    return {
      update: (done, note = '', newTotal) => {
        if (newTotal !== undefined) bar.setTotal((total = newTotal));
        const perSecond = rate(done, performance.now() / 1000);
        bar.update(done, { rate: perSecond.toPrecision(3), left: timeLeft(total - done, perSecond), note });
      },
      stop: () => {
        bar.stop();
        if (this.#bar === bar) this.#bar = undefined;
      },
    };
  }
}
