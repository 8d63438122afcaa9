/** What a chart shows. */
export interface LineChart {
  readonly title: string;
  /** Labels of the axes, with units. */
  readonly x: string;
  readonly y: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const [width, height] = [640, 420];
const area = { left: 70, right: 20, top: 46, bottom: 60 };

/** An SVG with the points, both axes from zero, and the straight line that fits best (least squares). */
export function lineChart({ title, x, y, points }: LineChart): string {
  const xTicks = ticks(Math.max(...points.map(([value]) => value)));
  const yTicks = ticks(Math.max(...points.map(([, value]) => value)));
  const [xEnd, yEnd] = [xTicks.at(-1)!, yTicks.at(-1)!];
  const px = (value: number) => area.left + (value / xEnd) * (width - area.left - area.right);
  const py = (value: number) => height - area.bottom - (value / yEnd) * (height - area.top - area.bottom);
  const at = (xValue: number, yValue: number) => `${px(xValue).toFixed(1)},${py(yValue).toFixed(1)}`;
  const { intercept, slope } = fit(points);
  const middle = area.top + (height - area.top - area.bottom) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(width / 2, 24, title, 'font-size="15"'),
    ...xTicks.map((tick) => text(px(tick), height - area.bottom + 20, `${tick}`)),
    ...yTicks.map((tick) => text(area.left - 10, py(tick) + 4, `${tick}`, 'text-anchor="end"')),
    ...yTicks.map(
      (tick) => `<polyline points="${at(0, tick)} ${at(xEnd, tick)}" stroke="#ddd" fill="none"/>`,
    ),
    `<polyline points="${at(0, yEnd)} ${at(0, 0)} ${at(xEnd, 0)}" stroke="black" fill="none"/>`,
    `<polyline points="${at(0, Math.max(intercept, 0))} ${at(xEnd, intercept + slope * xEnd)}" stroke="#1f77b4" stroke-dasharray="6 4" fill="none"/>`,
    ...points.map(
      ([xValue, yValue]) => `<circle cx="${px(xValue)}" cy="${py(yValue)}" r="5" fill="#d62728"/>`,
    ),
    text(area.left + (width - area.left - area.right) / 2, height - 16, x),
    text(18, middle, y, `transform="rotate(-90 18 ${middle})"`),
    '</svg>',
    '',
  ].join('\n');
}

/** The straight line through the points with the least sum of squared errors. */
export function fit(points: LineChart['points']): { intercept: number; slope: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const xMean = mean(points.map(([x]) => x));
  const yMean = mean(points.map(([, y]) => y));
  const covariance = points.reduce((sum, [x, y]) => sum + (x - xMean) * (y - yMean), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - xMean) ** 2, 0);
  const slope = variance > 0 ? covariance / variance : 0;
  return { intercept: yMean - slope * xMean, slope };
}

/** From zero in steps of 1, 2 or 5 times a power of ten, the last at least `most`. */
function ticks(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate * 5 >= most)!;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const anchor = attributes.includes('text-anchor') ? '' : 'text-anchor="middle" ';
  return `<text x="${x}" y="${y}" ${anchor}${attributes}>${content}</text>`;
}
