/** What the set-up is doing; `fraction` where it can be told. */
export interface SetupProgress {
  readonly step: string;
  /** Done so far, in [0, 1]. */
  readonly fraction?: number;
}

export type OnProgress = (progress: SetupProgress) => void;
