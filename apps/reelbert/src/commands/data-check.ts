import { checkDataset, InputError, loadCategories, writeQuarantine } from '@reelbert/data';

import { defineCommand } from './command.js';

export const dataCheckCommand = defineCommand({
  name: 'data check',
  describe: 'Check a data set: name every bad clip, write a quarantine list',
  options: {
    annotations: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'Annotations, a JSON array',
    },
    frames: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder of zipped frames' },
    labels: { type: 'string', requiresArg: true, describe: 'Category ids that there may be, a JSON array' },
    out: {
      type: 'string',
      requiresArg: true,
      describe: 'The list of bad clips [ANNOTATIONS.quarantine.json]',
    },
  },
  async run({ annotations, frames, labels, out }, { terminal }) {
    const bar = terminal.progress('checking', 1, 'clips');
    const check = await checkDataset(annotations, frames, {
      labels: labels === undefined ? undefined : await loadCategories(labels),
      onItem: (done, total) => bar.update(done, '', total),
    }).finally(() => bar.stop());
    const clips = `${check.items} clips`;
    if (check.problems.length === 0) return terminal.result(`${clips}, all good`);
    const list = out ?? `${annotations}.quarantine.json`;
    await writeQuarantine(list, check.problems);
    for (const { message } of check.problems) terminal.result(message);
    const kinds = Object.entries(check.counts).map(([kind, count]) => `${count} ${kind}`);
    const bad = new Set(check.problems.map(({ id }) => id)).size;
    throw new InputError({
      file: list,
      found: `${bad} bad of ${clips} (${kinds.join(', ')})`,
      expected: 'none',
    });
  },
});
