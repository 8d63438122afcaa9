/** A stage of a pipeline file, as `reelbert pipeline` takes it. */
export interface Stage {
  readonly name: string;
  readonly stage: string;
  readonly [field: string]: unknown;
}

/** A row of the table: one fine-tuned model a seed, or the ensemble of another row's models. */
export interface LearningRow {
  readonly id: string;
  readonly label: string;
  /** Mean F1 of a small PyTorch model on split 802, over three seeds where known. */
  readonly pytorch?: number;
  /** The stages of one seed, the last of them a `predict`; stages of one name are the same and run once. */
  readonly stages?: (seed: number) => Stage[];
  /** The row whose models this one joins. */
  readonly ensembleOf?: string;
}

const none = { kind: 'none' };
const fgm = { kind: 'fgm', table: 'roberta.bert.embeddings.word_embeddings', epsilon: 1 };
const noEma = { enabled: false };
// Frames end to end from nothing: 208 clips alone don't teach a tower that a shifted or mirrored frame is the same.
const pixels = {
  input: 'pixels',
  images: { shortSide: 72, augment: { crop: true, flipHorizontally: 0.5 } },
};

function textPretraining(seed: number): Stage[] {
  const settings = {
    seed,
    frames: { perClip: 0 },
    objectives: { mlm: true, mfm: false, itm: false, ict: false, mmm: false },
    model: { text: { initializerRange: 0.02 } },
    training: { epochs: 12, optimizer: { learningRate: 6e-4 } },
  };
  return [{ name: `mlm-${seed}`, stage: 'pretrain', config: 'small-pretrain', settings }];
}

function tower(seed: number): Stage[] {
  return [
    { name: `tower-${seed}`, stage: 'clip-pretrain', config: 'small-clip-pretrain', settings: { seed } },
    { name: `features-${seed}`, stage: 'extract-features', tower: `tower-${seed}` },
  ];
}

function jointPretraining(seed: number, name = 'pretrain', objectives = {}): Stage[] {
  const settings = { seed, objectives: { ict: false, ...objectives } };
  const features = `features-${seed}`;
  return [
    ...tower(seed),
    { name: `${name}-${seed}`, stage: 'pretrain', config: 'small-pretrain', features, settings },
  ];
}

interface Finetuning {
  readonly before?: Stage[];
  readonly features?: string;
  readonly from?: string;
  readonly settings: object;
  readonly adversarial?: object;
  readonly ema?: object;
}

function finetuning(
  row: string,
  seed: number,
  { before = [], features, from, ...options }: Finetuning,
): Stage[] {
  const { settings, adversarial = none, ema = noEma } = options;
  const inputs = { ...(features && { features }), ...(from && { from }) };
  return [
    ...before,
    {
      name: `${row}-${seed}`,
      stage: 'finetune',
      config: 'small-finetune',
      ...inputs,
      settings: { seed, ...settings, training: { adversarial, ema } },
    },
    {
      name: `predict-${row}-${seed}`,
      stage: 'predict',
      model: `${row}-${seed}`,
      ...(features && { features }),
    },
  ];
}

function fromJoint(
  id: string,
  seed: number,
  extra: Partial<Finetuning> = {},
  name = 'pretrain',
  objectives = {},
): Stage[] {
  return finetuning(id, seed, {
    before: jointPretraining(seed, name, objectives),
    features: `features-${seed}`,
    from: `${name}-${seed}`,
    settings: {},
    ...extra,
  });
}

/** Effects of single choices: each against the row that it differs from by one thing. */
export const comparisons: readonly {
  readonly what: string;
  readonly row: string;
  readonly against: string;
}[] = [
  { what: 'MLM before fine-tuning on text', row: 'text-mlm', against: 'text' },
  { what: 'CLIP features instead of training end to end', row: 'clip', against: 'both' },
  { what: 'joint pretraining', row: 'joint', against: 'clip' },
  { what: 'ICT in joint pretraining', row: 'joint-ict', against: 'joint' },
  { what: 'mask-one-modality in joint pretraining', row: 'joint', against: 'joint-no-mmm' },
  { what: 'FGM', row: 'joint-fgm', against: 'joint' },
  { what: 'FGM from scratch', row: 'both-fgm', against: 'both' },
  { what: 'EMA', row: 'joint-ema', against: 'joint' },
];

export const learningRows: readonly LearningRow[] = [
  {
    id: 'text',
    label: 'text only',
    pytorch: 0.359,
    stages: (seed) => finetuning('text', seed, { settings: { modality: 'text' } }),
  },
  {
    id: 'text-mlm',
    label: 'text only, after MLM',
    pytorch: 0.392,
    stages: (seed) =>
      finetuning('text-mlm', seed, {
        before: textPretraining(seed),
        from: `mlm-${seed}`,
        settings: { modality: 'text' },
      }),
  },
  { id: 'text-mlm-ensemble', label: 'ensemble of these', pytorch: 0.419, ensembleOf: 'text-mlm' },
  {
    id: 'frames',
    label: 'frames only, end to end',
    pytorch: 0.3225,
    stages: (seed) => finetuning('frames', seed, { settings: { modality: 'frames', ...pixels } }),
  },
  {
    id: 'both',
    label: 'both from scratch, end to end',
    pytorch: 0.378,
    stages: (seed) => finetuning('both', seed, { settings: pixels }),
  },
  {
    id: 'both-fgm',
    label: 'both from scratch, end to end, FGM',
    stages: (seed) => finetuning('both-fgm', seed, { settings: pixels, adversarial: fgm }),
  },
  {
    id: 'clip',
    label: 'both, CLIP features',
    pytorch: 0.373,
    stages: (seed) =>
      finetuning('clip', seed, { before: tower(seed), features: `features-${seed}`, settings: {} }),
  },
  {
    id: 'joint',
    label: 'the same, joint pretraining',
    pytorch: 0.436,
    stages: (seed) => fromJoint('joint', seed),
  },
  { id: 'joint-ensemble', label: 'ensemble of these', pytorch: 0.471, ensembleOf: 'joint' },
  {
    id: 'joint-fgm',
    label: 'the same, FGM in fine-tuning',
    pytorch: 0.479,
    stages: (seed) => fromJoint('joint-fgm', seed, { adversarial: fgm }),
  },
  { id: 'joint-fgm-ensemble', label: 'ensemble of these', pytorch: 0.516, ensembleOf: 'joint-fgm' },
  {
    id: 'joint-ema',
    label: 'joint pretraining, EMA instead of FGM',
    pytorch: 0.432,
    stages: (seed) => fromJoint('joint-ema', seed, { ema: { enabled: true, decay: 0.99 } }),
  },
  {
    id: 'joint-ict',
    label: 'joint pretraining with ICT too',
    stages: (seed) => fromJoint('joint-ict', seed, {}, 'pretrain-ict', { ict: true }),
  },
  {
    id: 'joint-no-mmm',
    label: 'joint pretraining without mask-one-modality',
    stages: (seed) => fromJoint('joint-no-mmm', seed, {}, 'pretrain-no-mmm', { mmm: false }),
  },
];
