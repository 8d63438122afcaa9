import { escape } from './html.js';

/** A named line of a chart: values at steps, in ascending order of steps. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

const width = 640;
const height = 240;
const margin = { left: 64, right: 24, top: 12, bottom: 28 };
/** Distinct also to those who don't see all colours (Okabe & Ito 2008). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#999999', '#f0e442'];
/** Up to so many points are marked. */
const markedPoints = 40;

/** Lines over steps as SVG, with axes and, for more than one, a legend below; no scripts, nothing from outside. */
export function lineChart(title: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const x = scale(
    all.map(([step]) => step),
    margin.left,
    width - margin.right,
  );
  const y = scale(
    all.map(([, value]) => value),
    height - margin.bottom,
    margin.top,
  );
  const lines = series.map((one, i) => drawSeries(one, colours[i % colours.length]!, x.place, y.place));
  return `<figure><figcaption>${escape(title)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
${axes(x, y)}
${lines.join('\n')}
</svg>
${series.length > 1 ? legend(series) : ''}</figure>`;
}

interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Maps the values' range, widened to round ticks, onto pixels. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const size = tickSize(low === high ? Math.abs(low) || 1 : high - low);
  const first = Math.floor(low / size);
  const last = Math.max(Math.ceil(high / size), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * size);
  const place = (value: number) => from + ((value / size - first) / (last - first)) * (to - from);
  return { place, ticks };
}

/** 1, 2 or 5 times a power of ten, so that a range has about five of it. */
function tickSize(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 5));
  return power * ([1, 2, 5].find((factor) => range / (factor * power) <= 6) ?? 10);
}

function axes(x: Scale, y: Scale): string {
  const bottom = height - margin.bottom;
  const rows = y.ticks.map((tick) => {
    const at = y.place(tick).toFixed(1);
    return `<path class="grid" d="M${margin.left} ${at}H${width - margin.right}"/><text x="${margin.left - 6}" y="${at}" class="row">${label(tick)}</text>`;
  });
  const columns = x.ticks.map(
    (tick) => `<text x="${x.place(tick).toFixed(1)}" y="${bottom + 16}" class="column">${label(tick)}</text>`,
  );
  return [...rows, ...columns].join('\n');
}

function drawSeries(
  { name, points }: Series,
  colour: string,
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  const at = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
  const marks = at.map((place) => `<circle r="2.5" cx="${place.replace(',', '" cy="')}"/>`).join('');
  const [, last] = points.at(-1)!;
  return `<g stroke="${colour}" fill="${colour}"><title>${escape(name)}, last ${label(last)}</title><polyline points="${at.join(' ')}"/>${points.length <= markedPoints ? marks : ''}</g>`;
}

function legend(series: readonly Series[]): string {
  const items = series.map(
    ({ name, points }, i) =>
      `<li><span style="background:${colours[i % colours.length]!}"></span>${escape(name)} <b>${label(points.at(-1)![1])}</b></li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

/** A number in few characters: 1200000 as 1.2M, 0.00012 as 1.2e-4. */
export function label(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 1e-3) return Number(value.toPrecision(3)).toExponential();
  const [divisor, unit] =
    size >= 1e9 ? [1e9, 'G'] : size >= 1e6 ? [1e6, 'M'] : size >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / divisor).toPrecision(5))}${unit}`;
}
