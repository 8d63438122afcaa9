import type { PipelineOutcome } from '../stages/pipeline.js';
import { formatTable, score } from '../terminal/table.js';

/** What a pipeline reused and ran, its scores as a table, and where the predictions are. */
export function formatPipeline({ reused, ran, scores, predictions }: PipelineOutcome): string {
  const lines: string[] = [];
  if (reused.length > 0) lines.push(`reused: ${reused.join(', ')}`);
  if (ran.length > 0) lines.push(`ran: ${ran.join(', ')}`);
  const evaluations = Object.entries(scores);
  for (const [stage, table] of evaluations) {
    const title = evaluations.length > 1 ? stage : '';
    const header = [title, 'mean F1', 'level 1 micro', 'macro', 'level 2 micro', 'macro'];
    const rows = Object.entries(table).map(([name, s]) => [
      name,
      ...[s.meanF1, s.lv1Micro, s.lv1Macro, s.lv2Micro, s.lv2Macro].map(score),
    ]);
    lines.push('', formatTable([header, ...rows]));
  }
  if (evaluations.length > 0) lines.push('');
  if (predictions !== undefined) lines.push(`predictions: ${predictions}`);
  return lines.join('\n');
}
