import type { StepScalars } from './train-step.js';

/** What `train` reports as it goes: one after another, in the order in which things happen. */
export type TrainingEvent =
  | {
      readonly kind: 'step';
      /** Updates done, this one included, of `totalSteps`. */
      readonly step: number;
      readonly totalSteps: number;
      readonly epoch: number;
      /** What the update took. */
      readonly seconds: number;
      readonly scalars: StepScalars;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly scores: Readonly<Record<string, number>>;
      /** These weights are the best so far, and lie in RUN/best. */
      readonly best: boolean;
      /** Scored was the mean of the weights after so many epochs. */
      readonly averaged?: number;
    }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly folder: string }
  | { readonly kind: 'resumed'; readonly step: number; readonly totalSteps: number }
  /** Something that the user may want to know, such as a damaged checkpoint that was passed over. */
  | { readonly kind: 'note'; readonly message: string };
