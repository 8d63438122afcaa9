import { describe, expect, it } from 'vitest';

import { loadPipeline } from '../src/config/load-pipeline.js';
import { checkReferences } from '../src/stages/pipeline-references.js';
import { prepareStage } from '../src/stages/pipeline-stage.js';
import { silentReporter } from '../src/terminal/reporter.js';

const presets = [
  'demo',
  'small-recipes',
  'small-recipes-folds',
  'recipes',
  'recipes-folds',
  'recipes-reference',
];

describe('pipeline presets', () => {
  it.each(presets)('%s: every stage finds what it refers to and has a valid configuration', async (name) => {
    const config = await loadPipeline(name);
    checkReferences(config);
    const folderOf = (stage: string) => `out/${stage}`;
    const optionsOf = (stage: string) => ({ out: folderOf(stage), reporter: silentReporter });
    for (const stage of config.stages) {
      expect(await prepareStage(stage, { config, folderOf, optionsOf })).toBeTypeOf('function');
    }
  });

  it.each(['small-recipes', 'recipes'])(
    '%s joins the four recipes with weights 1, 1, 0.7, 1',
    async (name) => {
      const { folds, stages } = await loadPipeline(name);
      expect(folds).toBeNull();
      expect(stages.find(({ stage }) => stage === 'ensemble')).toMatchObject({
        members: ['prediction-1', 'prediction-2', 'prediction-3', 'prediction-4'],
        weights: [1, 1, 0.7, 1],
        of: 'probabilities',
      });
    },
  );

  it.each(['small-recipes-folds', 'recipes-folds'])('%s differs in folds and weights only', async (name) => {
    const [folded, full] = [await loadPipeline(name), await loadPipeline(name.replace('-folds', ''))];
    expect(folded.folds).toBeGreaterThan(1);
    const given = { weights: [1, 1, 0.7, 1] };
    const shared = folded.stages.filter((stage) => full.stages.some((other) => other.name === stage.name));
    expect(shared.map((stage) => (stage.stage === 'ensemble' ? { ...stage, ...given } : stage))).toEqual(
      full.stages,
    );
    expect(folded.stages.find(({ stage }) => stage === 'ensemble')).toMatchObject({ weights: 'search' });
  });
});
