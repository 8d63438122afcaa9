// Larger sets hold [sum, l2 norm, first three values] in place of gradients and states. Such tables lie anywhere in
// expected.json: what one stands for follows from its path and from the names in it.
import { digestTable, type Digests } from './set-schema.js';

export type Family = 'pretrain' | 'finetune' | 'two' | 'contrastive';

export interface DigestTable {
  readonly path: readonly string[];
  readonly family: Family | undefined;
  /** `gradient`, or the run whose resulting state it is: `after1`, `after5_linear`, `ema5`, `fgm1`, `fgm1_grad`, ... */
  readonly kind: string;
  readonly table: Digests;
  /** The same under the parameters' whole names. */
  readonly named: Digests;
}

/** All digest tables of `expected.json`. */
export function findDigestTables(expected: unknown): DigestTable[] {
  return search(expected, []).map(({ path, table }) => {
    const family = familyOf(path, Object.keys(table));
    return { path, family, kind: kindOf(path), table, named: wholeNames(path, family, table) };
  });
}

function search(node: unknown, path: readonly string[]): { path: readonly string[]; table: Digests }[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return [];
  const table = digestTable.safeParse(node);
  if (table.success && Object.keys(table.data).length > 0) {
    return isNamed(Object.keys(table.data)) ? [{ path, table: table.data }] : [];
  }
  return Object.entries(node).flatMap(([key, value]) => search(value, [...path, key]));
}

// Names of parameters or of outputs have dots; those of a record of lists have none.
function isNamed(names: readonly string[]): boolean {
  return names.some((name) => name.includes('.'));
}

function kindOf(path: readonly string[]): string {
  const words = path.join('.').match(/(after|ema|fgm|pgd)\d+(_linear)?(_grad)?/g);
  return words?.at(-1) ?? 'gradient';
}

function familyOf(path: readonly string[], names: readonly string[]): Family | undefined {
  const text = path.join('.');
  const has = (...parts: string[]) => names.some((name) => parts.some((part) => name.includes(part)));
  if (/contrast|clip/.test(text) || has('logit_scale', 'model_text', 'model_image')) return 'contrastive';
  if (has('cross_bert.', 'vision_encoder.')) return 'two';
  if (has('newfc_itm', 'roberta_mvm_lm_header')) return 'pretrain';
  if (/\btwo/.test(text)) return 'two';
  if (/pretrain/.test(text)) return 'pretrain';
  if (/finetune/.test(text) || has('roberta.bert.')) return 'finetune';
  return undefined;
}

function wholeNames(path: readonly string[], family: Family | undefined, table: Digests): Digests {
  const part = family === 'contrastive' ? /\b(text|image|clip)\b/.exec(path.at(-1)!)?.[1] : undefined;
  const entries = Object.entries(table).map(([name, digest]) => {
    const plain = name.replace(/^grad\./, '');
    return [part && !plain.startsWith('model_') ? `model_${part}.${plain}` : plain, digest] as const;
  });
  return Object.fromEntries(entries);
}
