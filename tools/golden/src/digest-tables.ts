// Larger sets hold [sum, l2 norm, first three values] in place of gradients and states. Such tables lie anywhere in
// expected.json: what one stands for follows from its path and from the names in it.
import { digestTable, type Digests } from './set-schema.js';
import { towerName } from './tower-name.js';

export type Family = 'pretrain' | 'finetune' | 'two' | 'contrastive';

export interface DigestTable {
  readonly path: readonly string[];
  readonly family: Family | undefined;
  /** `gradient`, or the run whose resulting state it is: `after1`, `after5_linear`, `ema5`, `fgm1`, `fgm1_grad`, ... */
  readonly kind: string;
  /** Under the parameters' whole names. */
  readonly named: Digests;
}

/** All digest tables of `expected.json`. */
export function findDigestTables(expected: unknown): DigestTable[] {
  return search(expected, []).map(({ path, table }) => {
    const family = familyOf(path, Object.keys(table));
    const named = Object.entries(table).map(([name, digest]) => [wholeName(family, name), digest] as const);
    return { path, family, kind: kindOf(path), named: Object.fromEntries(named) };
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

// Which part of the contrastive model a name without its part's belongs to.
const contrastParts = [
  ['model_clip', /^logit_scale$/],
  [
    'model_text',
    /^(embeddings\.(word|position|token_type)_embeddings|embeddings\.LayerNorm|encoder\.layer\.|pooler)/,
  ],
  ['model_image', /./],
] as const;

function wholeName(family: Family | undefined, name: string): string {
  const plain = name.replace(/^grad\./, '');
  if (family !== 'contrastive' || plain.startsWith('model_')) return plain;
  const [part] = contrastParts.find(([, names]) => names.test(plain))!;
  return part === 'model_image' ? `${part}.${towerName(plain)}` : `${part}.${plain}`;
}
