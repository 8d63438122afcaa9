/** Measures a rate over the last half minute or so: call it with the count and the time in seconds. */
export function rateOf(): (done: number, seconds: number) => number {
  const seen: { done: number; seconds: number }[] = [];
  return (done, seconds) => {
    seen.push({ done, seconds });
    while (seen.length > 2 && seconds - seen[0]!.seconds > 30) seen.shift();
    const first = seen[0]!;
    return seconds > first.seconds ? (done - first.done) / (seconds - first.seconds) : 0;
  };
}

/** How long the rest takes, in words: `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function timeLeft(rest: number, perSecond: number): string {
  return perSecond > 0 ? duration(rest / perSecond) : '-';
}

/** A duration in words. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return minutes > 0 ? `${minutes} min ${String(whole % 60).padStart(2, '0')} s` : `${whole} s`;
}
