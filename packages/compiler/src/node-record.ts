import { messageFields, messagesAt } from './protobuf.js';

/** What one node of a graph did in a profiled run. */
export interface NodeRecord {
  /** Its name in the optimised graph: TensorFlow's optimiser renames, merges and drops what was recorded. */
  readonly node: string;
  /** The operation's type, such as `MatMul`; empty where TensorFlow doesn't say. */
  readonly op: string;
  /** When its kernel began, in microseconds since the first node's. */
  readonly startMicros: number;
  /** How long its kernel ran, in microseconds. Nodes that run at a time add up to more than the run took. */
  readonly micros: number;
  readonly outputShapes: readonly (readonly number[])[];
  /** Size of its outputs, buffers taken over from an input included. */
  readonly outputBytes: number;
  /** The memory it took (positive) and gave back (negative), whoever gave it back, in microseconds and bytes. */
  readonly allocations: readonly { readonly micros: number; readonly bytes: number }[];
}

/**
 * The nodes in a serialized `RunMetadata` (tensorflow/core/protobuf/config.proto), whose field 1 is the `StepStats`
 * (framework/step_stats.proto), in the order in which they started.
 */
export function nodeRecords(runMetadata: Uint8Array): NodeRecord[] {
  const nodes = messagesAt(runMetadata, 1)
    .flatMap((stepStats) => messagesAt(stepStats, 1))
    .flatMap((deviceStats) => messagesAt(deviceStats, 2))
    .map(nodeRecord);
  const first = nodes.reduce((least, { startMicros }) => Math.min(least, startMicros), Infinity);
  return nodes
    .map((record) => ({
      ...record,
      startMicros: record.startMicros - first,
      allocations: record.allocations.map(({ micros, bytes }) => ({ micros: micros - first, bytes })),
    }))
    .sort((a, b) => a.startMicros - b.startMicros);
}

// NodeExecStats: 1 node_name, 2 all_start_micros, 6 memory, 7 output (its 3: tensor_description), 8 timeline_label, 13 all_start_nanos,
// 14 op_start_rel_nanos, 15 op_end_rel_nanos.
function nodeRecord(stats: Uint8Array): NodeRecord {
  const fields = messageFields(stats);
  const integer = (number: number) => fields.find((field) => field.number === number)?.integer ?? 0;
  const text = (number: number) =>
    new TextDecoder().decode(fields.find((field) => field.number === number)?.bytes);
  const outputs = fields.filter((field) => field.number === 7).flatMap(({ bytes }) => messagesAt(bytes, 3));
  const allocators = fields.filter((field) => field.number === 6).map((field) => field.bytes);
  return {
    node: text(1),
    op: / = (\w+)\(/.exec(text(8))?.[1] ?? '', // "[memory] name = Type(inputs)"
    startMicros: integer(2) + integer(14) / 1000,
    micros: (integer(15) - integer(14)) / 1000,
    outputShapes: outputs.map(tensorShape),
    outputBytes: outputs.reduce((sum, output) => sum + tensorBytes(output), 0),
    allocations: allocators.flatMap((allocator) => messagesAt(allocator, 6).map(allocationRecord)),
  };
}

// TensorDescription: 2 shape, a TensorShapeProto: 2 dim, of which 1 is the size.
function tensorShape(description: Uint8Array): number[] {
  return messagesAt(description, 2)
    .flatMap((shape) => messagesAt(shape, 2))
    .map((extent) => messageFields(extent).find((field) => field.number === 1)?.integer ?? 0);
}

// TensorDescription: 4 allocation_description, of which 1 is requested_bytes.
function tensorBytes(description: Uint8Array): number {
  return messagesAt(description, 4)
    .flatMap((allocation) => messageFields(allocation))
    .reduce((sum, field) => sum + (field.number === 1 ? field.integer : 0), 0);
}

// AllocationRecord: 1 alloc_micros, 2 alloc_bytes.
function allocationRecord(record: Uint8Array): { micros: number; bytes: number } {
  const integer = (number: number) =>
    messageFields(record).find((field) => field.number === number)?.integer ?? 0;
  return { micros: integer(1), bytes: integer(2) };
}

/** The most memory that a run's tensors took at a time, variables and inputs apart. */
export interface PeakMemory {
  readonly bytes: number;
  /** When, in microseconds since the first node's start. */
  readonly micros: number;
  /** Which nodes had taken it, the largest first. */
  readonly holders: readonly { readonly record: NodeRecord; readonly bytes: number }[];
}

/** Finds the moment of a profiled run at which most memory was held, and by which nodes. */
export function peakMemory(records: readonly NodeRecord[]): PeakMemory {
  const events = records
    .flatMap((record) => record.allocations)
    .sort((a, b) => a.micros - b.micros || a.bytes - b.bytes);
  const peak = { bytes: 0, micros: 0 };
  let held = 0;
  for (const { micros, bytes } of events) {
    held += bytes;
    if (held > peak.bytes) Object.assign(peak, { bytes: held, micros });
  }
  const holders = records
    .map((record) => ({ record, bytes: heldAt(record, peak.micros) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  return { ...peak, holders };
}

function heldAt({ allocations }: NodeRecord, moment: number): number {
  return allocations.reduce((sum, { micros, bytes }) => sum + (micros <= moment ? bytes : 0), 0);
}
