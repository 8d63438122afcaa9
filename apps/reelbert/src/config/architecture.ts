import { lxmertConfigSchema, type LxmertConfig } from '@reelbert/lxmert';
import { visualBertConfigSchema, type VisualBertConfig } from '@reelbert/visual-bert';
import { z } from 'zod';

import { followsData } from './follows-data.js';
import { isMapping } from './merge.js';

/** The single-stream or the two-stream model, with its configuration. */
export type ModelChoice =
  | { readonly architecture: 'visual-bert'; readonly model: VisualBertConfig }
  | { readonly architecture: 'lxmert'; readonly model: LxmertConfig };

export type Architecture = ModelChoice['architecture'];

const textFollows = { text: { vocabSize: 1 } };

/** Fields of a stage's configuration that say it is about the single-stream model. */
export const visualBertFields = {
  architecture: z.literal('visual-bert').describe('text and frames in one encoder'),
  model: followsData(visualBertConfigSchema, textFollows),
};

/** Fields of a stage's configuration that say it is about the two-stream model. */
export const lxmertFields = {
  architecture: z.literal('lxmert').describe('an encoder each, then cross-modal layers'),
  model: followsData(lxmertConfigSchema, textFollows),
};

/** One of two schemas by `architecture`, which is visual-bert where a configuration doesn't say. */
export function byArchitecture<
  A extends z.core.$ZodTypeDiscriminable,
  B extends z.core.$ZodTypeDiscriminable,
>(visualBert: A, lxmert: B) {
  return z.preprocess(
    (value) => (value === undefined || isMapping(value) ? { architecture: 'visual-bert', ...value } : value),
    z.discriminatedUnion('architecture', [visualBert, lxmert], { error: '"visual-bert" or "lxmert"' }),
  );
}

/** The choice alone, without a configuration's other fields. */
export function modelChoice(config: ModelChoice): ModelChoice {
  return config.architecture === 'lxmert'
    ? { architecture: 'lxmert', model: config.model }
    : { architecture: 'visual-bert', model: config.model };
}

/** A configuration with some of what both models have set anew. */
export function withModel<C extends ModelChoice>(
  config: C,
  settings: Partial<Pick<C['model'], 'text' | 'frameDim'>>,
): C {
  return { ...config, model: { ...config.model, ...settings } } as C;
}
