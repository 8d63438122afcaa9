import { meanF1, type CategoryTable, type MeanF1 } from '@reelbert/data';
import {
  argmax,
  classGains,
  classGainTable,
  disagreement,
  errorCorrelation,
  formatColumns,
  pairTable,
  type ClassGains,
} from '@reelbert/ensemble';

import { formatTable, score } from '../terminal/table.js';
import type { LogitsFile } from './logits-file.js';

/** How the members and their ensemble differ on some clips. */
export interface EnsembleComparison {
  readonly clips: number;
  readonly names: readonly string[];
  /** Share of clips that each pair of members disagrees on. */
  readonly disagreement: readonly (readonly number[])[];
  /** What labels tell, where all of the clips have one. */
  readonly scored?: ScoredComparison;
}

interface ScoredComparison {
  readonly members: readonly MeanF1[];
  readonly ensemble: MeanF1;
  /** Whether each pair of members is wrong on the same clips. */
  readonly errorCorrelation: readonly (readonly number[])[];
  readonly gains: ClassGains;
  readonly categories: readonly string[];
}

/**
 * Compares members and their ensemble.
 *
 * @param chosen the ensemble's classes, [clips]
 * @param labels class of each clip, [clips]
 */
export function compareEnsemble(
  members: readonly LogitsFile[],
  names: readonly string[],
  chosen: Int32Array,
  labels: Int32Array | undefined,
  table: CategoryTable,
): EnsembleComparison {
  const predictions = members.map((member) => argmax(member.logits));
  const compared = { clips: chosen.length, names, disagreement: disagreement(predictions) };
  if (!labels) return compared;
  return {
    ...compared,
    scored: {
      members: predictions.map((of) => meanF1(labels, of, table)),
      ensemble: meanF1(labels, chosen, table),
      errorCorrelation: errorCorrelation(labels, predictions),
      gains: classGains(labels, predictions, chosen, table),
      categories: table.ids,
    },
  };
}

/** Mean F1 and its parts of each member and of the ensemble; empty without labels. */
export function formatScores({ names, scored }: EnsembleComparison): string {
  if (!scored) return '';
  const rows = [...names, 'ensemble'].map((name, i) => {
    const s = scored.members[i] ?? scored.ensemble;
    return [name, ...[s.meanF1, s.lv1Micro, s.lv1Macro, s.lv2Micro, s.lv2Macro].map(score)];
  });
  return formatTable([['', 'mean F1', 'level 1 micro', 'macro', 'level 2 micro', 'macro'], ...rows]);
}

/** The tables of pairs and of classes. */
export function formatComparison({ names, disagreement: differ, scored }: EnsembleComparison): string {
  const tables = [pairTable('differ', names, differ)];
  if (scored) {
    tables.push(pairTable('errors correlate', names, scored.errorCorrelation));
    tables.push(classGainTable(scored.gains, names, scored.categories));
  }
  return tables.map(formatColumns).join('\n\n');
}
