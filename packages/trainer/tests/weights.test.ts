import { loadInitialState } from '../src/index.js';
import { describe, expect, test } from 'vitest';

import { tinyTask } from './tiny-task.js';

const store = tinyTask().parameters;
const classifier = { dtype: 'float32', shape: [3, 4], data: new Float32Array(12).fill(2) } as const;

describe('initial weights', () => {
  test('are taken by name; the rest starts from its initializers, and the report says which', () => {
    const weights = {
      'classifier.weight': classifier,
      'old.weight': classifier,
      'embeddings.position_ids': classifier,
    };
    const { state, report } = loadInitialState(store, weights, { strict: false, seed: 3 });
    expect(state).toEqual({ ...store.initialState(3), 'classifier.weight': classifier });
    expect(report).toEqual({
      taken: ['classifier.weight'],
      missing: ['embeddings.word_embeddings.weight', 'classifier.bias', 'unused.weight'],
      unused: ['old.weight'],
    });
  });

  test('are found under a second name', () => {
    const { parameters } = tinyTask();
    parameters.alias('classifier.kernel', 'classifier.weight');
    const options = { strict: false, seed: 3 };
    const { state, report } = loadInitialState(parameters, { 'classifier.kernel': classifier }, options);
    expect(state['classifier.weight']).toBe(classifier);
    expect(report).toMatchObject({ taken: ['classifier.weight'], unused: [] });
  });

  test('must be exactly the parameters if strict', () => {
    expect(() =>
      loadInitialState(store, { 'classifier.weight': classifier }, { strict: true, seed: 0 }),
    ).toThrow('3 parameters without weights');
    expect(loadInitialState(store, store.initialState(1), { strict: true, seed: 0 }).state).toEqual(
      store.initialState(1),
    );
  });

  test('must have the right shape', () => {
    const weights = { 'classifier.bias': classifier };
    expect(() => loadInitialState(store, weights, { strict: false, seed: 0 })).toThrow(
      'classifier.bias: found [3, 4]; expected [3]',
    );
  });
});
