import { refuseFilled, type ModelFolder } from '@reelbert/hub';

import type { Reporter } from '../terminal/reporter.js';
import { writeExport } from './export-folder.js';
import { importAround, importBert } from './import-bert.js';
import { importClip } from './import-clip.js';
import type { Imported, ImportJob } from './import-job.js';
import { writeOrigin } from './import-origin.js';
import { importOwn, isOwnExport } from './import-own.js';
import { openSource } from './import-source.js';
import { importStateDict, isStateDict } from './import-state-dict.js';

/**
 * Makes an export of a Hugging Face folder, which training can start from.
 *
 * @throws InputError if there is none, it doesn't fit, or something is where the export would go; nothing is written then
 */
export async function importModel(job: ImportJob, reporter: Reporter): Promise<void> {
  await refuseFilled(job.out);
  const { model, commit } = await openSource(job, reporter);
  const { config, weights, tokenizer, categories, layout, notes } = await readAs(model, job);
  for (const note of notes) reporter.say(`import: ${note}`);
  await writeExport(job.out, config, weights, tokenizer, categories);
  await writeOrigin(job.out, { from: job.from, ...(commit !== undefined && { commit }), ...layout });
}

function readAs(model: ModelFolder, job: ImportJob): Promise<Imported> {
  if (isOwnExport(model)) return importOwn(model, job);
  if (job.as === 'bert') return importBert(model, job);
  if (job.as === 'clip') return importClip(model, job);
  if (isStateDict(model, job.as)) return importStateDict(job.as, model, job);
  return importAround(job.as, model, job);
}
