import { InputError } from '@reelbert/data';

import { merge, type Mapping } from './merge.js';
import { parseYaml } from './yaml-document.js';

/**
 * Lays `path.to.key=value` settings over a configuration, in order; values are YAML (`3`, `true`, `[a, b]`,
 * `{kind: fgm}`).
 *
 * @throws InputError for a setting of another form
 */
export function override(config: Mapping, settings: readonly string[]): Mapping {
  return settings.reduce((sum, setting) => merge(sum, parseSetting(setting)), config);
}

function parseSetting(setting: string): Mapping {
  const equals = setting.indexOf('=');
  const keys = setting.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || keys.some((key) => key === '')) {
    throw new InputError({ field: '--set', found: setting, expected: 'path.to.key=value' });
  }
  const { value } = parseYaml(setting.slice(equals + 1), `--set ${setting}`);
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Mapping;
}
