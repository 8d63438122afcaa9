import type { MetricsRecord } from '@reelbert/trainer';

import type { Evaluation } from '../stages/evaluate.js';
import { duration } from '../terminal/rate.js';
import { score } from '../terminal/table.js';
import { lineChart, type Series } from './chart.js';
import { escape, table } from './html.js';
import type { RunRecord } from './read-run.js';

/** A run's report as one HTML page that needs nothing else. */
export function reportPage(run: RunRecord, evaluation: Evaluation | undefined): string {
  const title = `${run.done?.stage ?? 'unfinished run'}: ${run.path}`;
  const sections = [
    section('Run', table([['', ''], ...summary(run)])),
    section('Curves', curves(run.metrics)),
    section('Scores', scores(run, evaluation)),
    section('Categories', evaluation ? categories(evaluation) : ''),
    section('Configuration', `<pre>${escape(run.config)}</pre>`),
    section('Environment', table([['', ''], ...flat(run.environment)])),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
${sections.join('\n')}
</body>
</html>
`;
}

function section(title: string, content: string): string {
  return content === '' ? '' : `<section><h2>${title}</h2>\n${content}\n</section>`;
}

function summary({ metrics, done, quarantined }: RunRecord): string[][] {
  const last = metrics.findLast((record) => 'loss' in record);
  const left = Object.entries(quarantined).map(([kind, count]) => `${count} ${kind}`);
  return [
    ['state', done ? `finished in ${duration(done.seconds)}` : 'not finished'],
    ...(last ? [['last logged step', `${last.step}, after ${duration(last.seconds!)} of training`]] : []),
    ...(left.length > 0 ? [['clips left out', left.join(', ')]] : []),
    ...Object.entries(done?.results ?? {}).flatMap(([name, value]) =>
      typeof value === 'object' ? [] : [[name, String(value)]],
    ),
  ];
}

/** Metrics that share a chart, each by the pattern of its names. */
const charts: readonly (readonly [title: string, names: RegExp])[] = [
  ['loss', /^loss$/],
  ['loss of each objective', /^loss\./],
  ['scores', /^eval\./],
  ['learning rate', /^lr$/],
  ['gradient norm', /^gradNorm$/],
  ['samples a second', /^samplesPerSecond$/],
  ['peak memory, bytes', /^peakMemory$/],
];

function curves(metrics: readonly MetricsRecord[]): string {
  const names = [...new Set(metrics.flatMap((record) => Object.keys(record)))];
  return charts
    .map(([title, pattern]) => {
      const series = names.filter((name) => pattern.test(name)).map((name) => seriesOf(metrics, name));
      return series.length > 0 ? lineChart(title, series) : '';
    })
    .join('\n');
}

/** A metric over the steps; what averaged weights score isn't the score of a step. */
function seriesOf(metrics: readonly MetricsRecord[], name: string): Series {
  const points = metrics.flatMap(({ step, averaged, [name]: value }): [number, number][] =>
    value === undefined || averaged !== undefined ? [] : [[step, value]],
  );
  return { name: name.replace(/^(loss|eval)\./, ''), points };
}

const scoreNames = ['meanF1', 'lv1Micro', 'lv1Macro', 'lv2Micro', 'lv2Macro'] as const;

function scores({ best, done }: RunRecord, evaluation: Evaluation | undefined): string {
  const test = done?.results.test as Readonly<Record<string, number>> | undefined;
  const rows = [
    ...(best ? [['best weights, validation', best] as const] : []),
    ...(test ? [['finished model, test', test] as const] : []),
    ...(evaluation ? [[`predictions of ${evaluation.clips} clips`, evaluation] as const] : []),
  ].map(([name, values]) => [
    name,
    ...scoreNames.map((key) => (values[key] === undefined ? '' : score(values[key]))),
  ]);
  if (rows.length === 0) return '';
  return table([['', 'mean F1', 'level 1 micro', 'macro', 'level 2 micro', 'macro'], ...rows]);
}

function categories({ categories: all }: Evaluation): string {
  const rows = all.map((c) => [
    c.category,
    score(c.f1),
    score(c.precision),
    score(c.recall),
    String(c.support),
  ]);
  return table([['category', 'F1', 'precision', 'recall', 'clips'], ...rows]);
}

/** Nested values as rows of path and value. */
function flat(values: Readonly<Record<string, unknown>>, path = ''): string[][] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${path}${name}.`)
      : [[path + name, Array.isArray(value) ? value.join(' ') : String(value)]],
  );
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
section { margin-block: 2rem; }
figure { display: inline-block; width: min(100%, 40rem); margin: 0 1rem 1rem 0; vertical-align: top; }
figcaption { font-weight: 600; }
svg { width: 100%; fill: currentColor; }
svg polyline { fill: none; stroke-width: 1.5; }
svg .grid { stroke: currentColor; opacity: .15; }
svg text { font-size: 11px; }
svg .row { text-anchor: end; dominant-baseline: middle; }
svg .column { text-anchor: middle; }
ul { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; padding: 0; list-style: none; }
ul span { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .1rem .8rem .1rem 0; text-align: right; }
th:first-child { text-align: left; font-weight: 400; }
td { max-width: 50rem; overflow-wrap: anywhere; }
pre { padding: 1rem; overflow: auto; background: color-mix(in srgb, currentColor 6%, transparent); }
`;
