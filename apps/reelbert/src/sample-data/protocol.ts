/**
 * The rules of the sample data that decide everything by a hash, so that a program in any language makes the
 * same clips, texts and splits.
 */
import { createHash } from 'node:crypto';

/** The first 16 hexadecimal digits of SHA-256 over the parts joined by `:`, as a number below 2^64. */
export function stableHash(...parts: readonly (string | number)[]): bigint {
  return BigInt(`0x${createHash('sha256').update(parts.join(':')).digest('hex').slice(0, 16)}`);
}

/** The items in ascending order of their hash. */
export function orderByHash<T>(items: Iterable<T>, hash: (item: T) => bigint): T[] {
  return [...items]
    .map((item) => ({ item, key: hash(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** Lower-case code points joined by `-`, without the variation selector: the id of a clip. */
export function normaliseHexcode(hexcode: string): string {
  return hexcode.toLowerCase().replaceAll('-fe0f', '');
}

/** What an emoji shares with its man, woman, person, boy, girl and direction variants. Takes the base's id. */
export function conceptOf(base: string): string {
  return base
    .replace(/-200d-(?:2640|2642|27a1)/g, '')
    .replace(/1f468|1f469/g, '1f9d1')
    .replace(/1f466|1f467/g, '1f9d2');
}

/** Group and subgroup, two digits each: level 1 is the first two digits, level 2 all four. */
export function categoryId(group: number, subgroup: number): string {
  return [group, subgroup].map((part) => String(part).padStart(2, '0')).join('');
}

/** A Chinese name without a leading `旗` or `按键` and its colon. */
export function titleOf(label: string): string {
  return label.replace(/^(?:旗|按键)\s*[:：]\s*/, '');
}

const uninformativeTags = new Set(['旗', '按键']);
const keptTags = 6;
const half = 2n ** 63n;

export interface ClipTexts {
  readonly title: string;
  readonly ocr: readonly { readonly text: string }[];
  readonly asr: string;
}

/**
 * The three texts of a clip: up to six tags in an order fixed by hash are dealt alternately to `ocr` and
 * `asr`; each of these is missing with probability one half, by hash. Tones share their base's texts.
 */
export function textsOf(base: string, title: string, tags: readonly string[]): ClipTexts {
  const informative = tags.filter((tag) => tag !== title && !uninformativeTags.has(tag));
  const dealt = orderByHash(informative, (tag) => stableHash('tag', base, tag)).slice(0, keptTags);
  const ocr = dealt.filter((_, index) => index % 2 === 0).join(',');
  const asr = dealt.filter((_, index) => index % 2 === 1).join(',');
  const hasOcr = ocr !== '' && stableHash('drop', base, 1) >= half;
  const hasAsr = stableHash('drop', base, 2) >= half;
  return { title, ocr: hasOcr ? [{ text: ocr }] : [], asr: hasAsr ? asr : '' };
}

/** Rounds to the nearest integer, halves to the even one. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const fraction = value - below;
  if (fraction !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Up to `want` uniformly spaced indices of `count` frames; all of them where there are fewer. */
export function spacedFrames(count: number, want: number): number[] {
  const kept = Math.min(count, want);
  return Array.from({ length: kept }, (_, index) => Math.floor((index * count) / kept));
}
