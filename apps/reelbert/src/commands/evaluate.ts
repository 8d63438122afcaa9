import { evaluate, type Evaluation } from '../stages/evaluate.js';
import { formatTable, score } from '../terminal/table.js';
import { defineCommand } from './command.js';

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  describe: 'Score predictions: mean F1, its four parts, and every class',
  options: {
    predictions: { type: 'string', demandOption: true, describe: 'CSV file, id,category_id a line' },
    annotations: { type: 'string', demandOption: true, describe: 'Annotations with categories' },
    json: { type: 'boolean', describe: 'As JSON' },
  },
  async run({ predictions, annotations, json }, { terminal }) {
    const evaluation = await evaluate({ predictions, annotations });
    terminal.result(json ? JSON.stringify(evaluation, null, 2) : format(evaluation));
  },
});

function format(evaluation: Evaluation): string {
  const { meanF1, lv1Micro, lv1Macro, lv2Micro, lv2Macro, clips, categories } = evaluation;
  const summary = formatTable([
    ['clips', String(clips)],
    ['mean F1', score(meanF1)],
    ['level 1 micro', score(lv1Micro)],
    ['level 1 macro', score(lv1Macro)],
    ['level 2 micro', score(lv2Micro)],
    ['level 2 macro', score(lv2Macro)],
  ]);
  const classes = formatTable([
    ['category', 'F1', 'precision', 'recall', 'clips'],
    ...categories.map((c) => [
      c.category,
      score(c.f1),
      score(c.precision),
      score(c.recall),
      String(c.support),
    ]),
  ]);
  return `${summary}\n\n${classes}`;
}
