import { InputError, type NdArray } from '@reelbert/data';

/** What one model says of each video. */
export interface Predictions {
  /** What messages call it: a file or a model. */
  readonly name: string;
  /** The videos, in the order of the rows. */
  readonly ids: readonly string[];
  /** Scores before softmax, [videos, classes] float32. */
  readonly logits: NdArray;
}

/**
 * Brings several models' predictions into the order of the first one's videos.
 *
 * @throws InputError naming videos that a model lacks, has twice or has beside the first's, or another number of classes
 */
export function alignPredictions(models: readonly Predictions[]): Predictions[] {
  const first = models[0];
  if (!first) throw new InputError({ field: 'models', expected: 'predictions of at least one model' });
  const classes = checkShape(first);
  const wanted = rowsById(first);
  return models.map((model) => {
    const found = checkShape(model);
    if (found !== classes) {
      throw new InputError({
        file: model.name,
        field: 'logits',
        found: `${found} classes`,
        expected: `${classes} classes, as in ${first.name}`,
      });
    }
    const rows = rowsById(model);
    refuse(
      model,
      'no predictions for',
      first.ids.filter((id) => !rows.has(id)),
      first,
    );
    refuse(
      model,
      'predictions also for',
      model.ids.filter((id) => !wanted.has(id)),
      first,
    );
    const data = new Float32Array(first.ids.length * classes);
    first.ids.forEach((id, row) => {
      const from = rows.get(id)! * classes;
      data.set(model.logits.data.subarray(from, from + classes), row * classes);
    });
    const logits: NdArray = { dtype: 'float32', shape: [first.ids.length, classes], data };
    return { name: model.name, ids: first.ids, logits };
  });
}

function checkShape({ name, ids, logits }: Predictions): number {
  const [rows, classes] = logits.shape;
  if (logits.shape.length !== 2 || rows !== ids.length || !classes || logits.data.length !== rows * classes) {
    throw new InputError({
      file: name,
      field: 'logits',
      found: `shape [${logits.shape.join(', ')}]`,
      expected: `shape [${ids.length}, classes], a row for each of ${ids.length} ids`,
    });
  }
  return classes;
}

function rowsById({ name, ids }: Predictions): Map<string, number> {
  const rows = new Map<string, number>();
  ids.forEach((id, row) => {
    if (rows.has(id)) {
      throw new InputError({
        file: name,
        place: `row ${row}`,
        found: `video ${id}, which is row ${rows.get(id)} already`,
        expected: 'each video once',
      });
    }
    rows.set(id, row);
  });
  return rows;
}

function refuse(model: Predictions, what: string, ids: readonly string[], first: Predictions): void {
  if (ids.length === 0) return;
  const named = ids.slice(0, 5).join(', ') + (ids.length > 5 ? ' ...' : '');
  throw new InputError({
    file: model.name,
    found: `${what} ${ids.length} ${ids.length === 1 ? 'video' : 'videos'} (${named})`,
    expected: `the same ${first.ids.length} videos as ${first.name}`,
  });
}
