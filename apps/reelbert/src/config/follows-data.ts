import { z } from 'zod';

import { isMapping, merge, type Mapping } from './merge.js';

/**
 * A model's schema whose `follows` fields need not be given, since the data decide them (the vocabulary's size, the
 * number of classes): these values stand in until the data are read.
 */
export function followsData<S extends z.ZodType>(schema: S, follows: Mapping) {
  return z.preprocess(
    (value) => (value === undefined || isMapping(value) ? merge(follows, value ?? {}) : value),
    schema,
  );
}
