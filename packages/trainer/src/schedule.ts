import type { Cadence, ScheduleSettings, TrainingSettings } from './config.js';

/** Updates in an epoch of so many batches; batches that are too few for one more update are left out. */
export function updatesPerEpoch(batches: number, accumulation: number): number {
  return Math.floor(batches / accumulation);
}

/** How many updates a run has: `epochs` of `stepsPerEpoch`, or `maxSteps` if that is less. */
export function countSteps(
  settings: Pick<TrainingSettings, 'epochs' | 'maxSteps'>,
  stepsPerEpoch: number,
): number {
  const steps = settings.epochs * stepsPerEpoch;
  return settings.maxSteps === undefined ? steps : Math.min(steps, settings.maxSteps);
}

/**
 * The factor on every learning rate at update `step` (the first is 0) of `totalSteps`: step / W during the first
 * W = floor(warmup * totalSteps) updates, so the first of them changes no parameter; then from 1 towards 0 along
 * half a cosine or a line, or 1 throughout.
 */
export function scheduleFactor(settings: ScheduleSettings, step: number, totalSteps: number): number {
  const warmupSteps = Math.floor(settings.warmup * totalSteps);
  if (step < warmupSteps) return step / warmupSteps;
  if (settings.kind === 'constant') return 1;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return settings.kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
}

/** Whether something done at `cadence` is due after `step` updates; all is due at the end of the run. */
export function isDue(cadence: Cadence, step: number, stepsPerEpoch: number, totalSteps: number): boolean {
  if (step === totalSteps) return true;
  const every = cadence === 'epoch' ? stepsPerEpoch : cadence;
  return every > 0 && step % every === 0;
}
