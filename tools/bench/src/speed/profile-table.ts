import { peakMemory, type NodeRecord } from '@reelbert/compiler';

interface Group {
  readonly op: string;
  count: number;
  micros: number;
  heldBytes: number;
}

/**
 * Three lists: the operations by the time that their kernels took, with what each held when most memory was held; the
 * `nodes` single nodes that took longest; the `nodes` that held most at that moment.
 */
export function formatProfile(records: readonly NodeRecord[], nodes: number): string {
  const peak = peakMemory(records);
  const total = records.reduce((sum, { micros }) => sum + micros, 0);
  const groups = groupByOp(records, new Map(peak.holders.map(({ record, bytes }) => [record, bytes])));
  const end = records.reduce((latest, { startMicros, micros }) => Math.max(latest, startMicros + micros), 0);
  const longest = [...records].sort((a, b) => b.micros - a.micros).slice(0, nodes);
  return [
    `${records.length} nodes, ${ms(total)} ms of kernels in ${ms(end)} ms; ` +
      `most memory ${mb(peak.bytes)} MB at ${ms(peak.micros)} ms, variables and inputs apart`,
    '',
    row('operation', 'count', 'total ms', 'share', 'MB at peak'),
    ...groups
      .filter(({ micros, heldBytes }) => micros > total / 10_000 || heldBytes > peak.bytes / 1000)
      .map(({ op, count, micros, heldBytes }) =>
        row(op, `${count}`, ms(micros), share(micros, total), mb(heldBytes)),
      ),
    '',
    row('longest nodes', 'at ms', 'ms', 'share', 'output MB'),
    ...longest.map(({ startMicros, micros, outputBytes, ...record }) =>
      row(nodeName(record), ms(startMicros), ms(micros), share(micros, total), mb(outputBytes)),
    ),
    '',
    row('holders at the peak', 'since ms', 'ms', 'share', 'MB'),
    ...peak.holders
      .slice(0, nodes)
      .map(({ record, bytes }) =>
        row(nodeName(record), ms(record.startMicros), ms(record.micros), share(bytes, peak.bytes), mb(bytes)),
      ),
    '',
  ].join('\n');
}

function groupByOp(records: readonly NodeRecord[], held: ReadonlyMap<NodeRecord, number>): Group[] {
  const groups = new Map<string, Group>();
  for (const record of records) {
    const op = record.op || '?';
    const group = groups.get(op) ?? { op, count: 0, micros: 0, heldBytes: 0 };
    groups.set(op, group);
    group.count++;
    group.micros += record.micros;
    group.heldBytes += held.get(record) ?? 0;
  }
  return [...groups.values()].sort((a, b) => b.micros - a.micros);
}

function nodeName({ node, op, outputShapes }: Pick<NodeRecord, 'node' | 'op' | 'outputShapes'>): string {
  const shapes = outputShapes.map((shape) => `[${shape.join(', ')}]`).join(' ');
  return `${node.includes(op) ? node : `${node} (${op})`} ${shapes}`;
}

const row = (name: string, ...values: string[]) =>
  [name.padEnd(56).slice(0, 56), ...values.map((value) => value.padStart(10))].join(' ');
const ms = (micros: number) => (micros / 1000).toFixed(1);
const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
const share = (part: number, whole: number) => `${((100 * part) / (whole || 1)).toFixed(1)}%`;
