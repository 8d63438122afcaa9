import { z } from 'zod';

const path = z.string().min(1);

/** The weights that a stage starts from. */
export const initialWeights = path
  .default('none')
  .describe(
    'run or export of pretraining, or an imported BERT, to start from by the names that fit; none: from nothing',
  );

/** The same for fine-tuning, which usually follows a pretraining. */
export const initialWeightsOrAuto = path
  .default('none')
  .describe(
    'run or export of pretraining, or an imported BERT, to start from by the names that fit; none: from nothing; auto: runs/pretrain where that is finished',
  );

/** The tower that a stage starts from. */
export const tower = path
  .nullable()
  .default(null)
  .describe(
    'run or export of clip-pretrain, or an imported CLIP, to start the tower from; null: from nothing',
  );

/** What makes features that a stage lacks. */
export const featureTower = path
  .default('small-clip-pretrain')
  .describe(
    'makes missing features: run or export of clip-pretrain, or an imported CLIP; or the configuration (a preset or a file) of a tower that is trained first',
  );
