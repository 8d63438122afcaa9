import { InputError } from '@reelbert/data';

import { isMapping, type Mapping } from './merge.js';
import { override } from './overrides.js';
import { pipelineSchema, stageList, type PipelineConfig } from './pipeline-config.js';
import { readConfig } from './presets.js';
import { validate } from './validate.js';

/**
 * Reads a pipeline and lays `--set` settings over it. A stage is set by its name: `stages.NAME.key=value`.
 *
 * @throws InputError for what is wrong in the file or in a setting
 */
export async function loadPipeline(
  nameOrFile: string,
  settings: readonly string[] = [],
): Promise<PipelineConfig> {
  const raw = await readConfig(nameOrFile);
  const named = withNames(raw.value);
  const overridden = override(named, settings);
  checkNames(named, overridden);
  const value = { ...overridden, stages: stageList(overridden.stages) };
  const set = settings.length > 0 ? ` with ${settings.map((text) => `--set ${text}`).join(' ')}` : '';
  return validate(pipelineSchema, value, { ...raw, file: `${raw.file}${set}` });
}

// The list of stages as a mapping from their names, so that settings can be laid over a stage.
function withNames(config: Mapping): Mapping {
  const { stages } = config;
  if (!Array.isArray(stages)) return config;
  const entries = (stages as unknown[]).map(
    (stage) => [isMapping(stage) ? stage.name : undefined, stage] as const,
  );
  const names = new Set(entries.map(([name]) => name));
  // Of names missing or double the schema and the references tell; numbers would change places in a mapping.
  const fit = [...names].every((name) => typeof name === 'string' && !/^\d+$/.test(name));
  if (!fit || names.size < stages.length) return config;
  return { ...config, stages: Object.fromEntries(entries) as Mapping };
}

function checkNames({ stages: before }: Mapping, { stages: after }: Mapping): void {
  if (!isMapping(before) || !isMapping(after)) return;
  const unknown = Object.keys(after).find((name) => !(name in before));
  if (unknown === undefined) return;
  const expected = `the name of a stage: ${Object.keys(before).join(', ')}`;
  throw new InputError({ field: '--set', found: `stages.${unknown}`, expected });
}
