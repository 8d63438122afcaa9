// Names and shapes of a BERT's tensors, and the ways in which files have named them over the years.
import type { BertSettings } from './bert-settings.js';
import type { Shapes } from './check-tensors.js';

/** Which of a BERT's parts files may lack. */
export interface BertParts {
  readonly pooler: boolean;
  /** The masked language head, but for its decoder. */
  readonly head: boolean;
  /** The head's decoder: a matrix of its own, where it isn't the word table. */
  readonly decoder: boolean;
  /** The next-sentence head. */
  readonly nextSentence: boolean;
}

/** Names and shapes, as `@reelbert/nn` and transformers' BertForPreTraining have them: `bert.*`, `cls.*`. */
export function bertShapes(settings: BertSettings, parts: BertParts): Shapes {
  const { vocabSize, hiddenSize: hidden, intermediateSize } = settings;
  const shapes: [string, readonly number[]][] = [];
  const linear = (name: string, outputs: number, inputs: number) =>
    shapes.push([`${name}.weight`, [outputs, inputs]], [`${name}.bias`, [outputs]]);
  const norm = (name: string) => shapes.push([`${name}.weight`, [hidden]], [`${name}.bias`, [hidden]]);
  shapes.push(
    ['bert.embeddings.word_embeddings.weight', [vocabSize, hidden]],
    ['bert.embeddings.position_embeddings.weight', [settings.maxPositionEmbeddings, hidden]],
    ['bert.embeddings.token_type_embeddings.weight', [settings.typeVocabSize, hidden]],
  );
  norm('bert.embeddings.LayerNorm');
  for (let i = 0; i < settings.numHiddenLayers; i++) {
    const layer = `bert.encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) linear(`${layer}.attention.self.${part}`, hidden, hidden);
    linear(`${layer}.attention.output.dense`, hidden, hidden);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, intermediateSize, hidden);
    linear(`${layer}.output.dense`, hidden, intermediateSize);
    norm(`${layer}.output.LayerNorm`);
  }
  if (parts.pooler) linear('bert.pooler.dense', hidden, hidden);
  if (parts.head) {
    shapes.push(['cls.predictions.bias', [vocabSize]]);
    linear('cls.predictions.transform.dense', hidden, hidden);
    norm('cls.predictions.transform.LayerNorm');
  }
  if (parts.decoder) shapes.push(['cls.predictions.decoder.weight', [vocabSize, hidden]]);
  if (parts.nextSentence) linear('cls.seq_relationship', 2, hidden);
  return new Map(shapes);
}

/** What becomes of a tensor of a file. */
export type BertTensorUse =
  /** It is this tensor of the model. */
  | { readonly kind: 'taken'; readonly name: string }
  /** It is no weight, or repeats another. */
  | { readonly kind: 'ignored' }
  /** It belongs to a task's head, which is left out. */
  | { readonly kind: 'left out' }
  | { readonly kind: 'unknown' };

const otherHeads = /^(classifier|qa_outputs)\./;
const buffers = /^bert\.embeddings\.(position_ids|token_type_ids)$/;

/** What a file's tensor is in a BERT. */
export function bertTensorUse(inFile: string): BertTensorUse {
  const name = normalise(inFile);
  if (buffers.test(name) || name === 'cls.predictions.decoder.bias') return { kind: 'ignored' };
  if (otherHeads.test(name)) return { kind: 'left out' };
  const known = /^(bert\.(embeddings|encoder|pooler)|cls\.(predictions|seq_relationship))\./.test(name);
  return known ? { kind: 'taken', name } : { kind: 'unknown' };
}

// `bert.` before an encoder's names; `gamma` and `beta` of TensorFlow's checkpoints; `module.` of torch's DataParallel
function normalise(inFile: string): string {
  return inFile
    .replace(/^module\./, '')
    .replace(/^(?=(embeddings|encoder|pooler)\.)/, 'bert.')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}
