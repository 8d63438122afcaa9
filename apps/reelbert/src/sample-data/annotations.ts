import type { CatalogueClip } from './catalogue.js';
import { textsOf } from './protocol.js';

/** A clip in the project's input format. */
export interface ClipAnnotation {
  readonly id: string;
  readonly title: string;
  readonly ocr: readonly { readonly text: string }[];
  readonly asr: string;
  readonly category_id?: string;
}

export function annotate(clip: CatalogueClip, withCategory: boolean): ClipAnnotation {
  const annotation = { id: clip.id, ...textsOf(clip.base, clip.title, clip.tags) };
  return withCategory ? { ...annotation, category_id: clip.category } : annotation;
}

/** Every text of an annotation that isn't empty. */
export function textsIn({ title, ocr, asr }: ClipAnnotation): string[] {
  return [title, ...ocr.map(({ text }) => text), asr].filter((text) => text !== '');
}
