import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { MetricsRecord } from './metrics-log.js';
import { frameRecord } from './record-framing.js';

/**
 * A run's metrics as TensorBoard reads them: one event file each time the run is begun or gone on with. The messages are
 * those of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto; wall time is in seconds.
 */
export class TensorBoardLog {
  private constructor(readonly file: string) {}

  /** Begins an event file in this folder; TensorBoard then drops what earlier files say of steps after `step`. */
  static async open(folder: string, step: number): Promise<TensorBoardLog> {
    await mkdir(folder, { recursive: true });
    // TensorBoard reads the files in the order of their names.
    const log = new TensorBoardLog(join(folder, `events.out.tfevents.${Date.now()}.${process.pid}`));
    const version = event(0, text(field.fileVersion, 'brain.Event:2'));
    const begun = event(step + 1, message(field.sessionLog, varint(field.status, statusStart)));
    await appendFile(log.file, Buffer.concat([version, begun]));
    return log;
  }

  /** Adds the numbers of a record as scalars of its step; `loss.NAME` is tagged `loss/NAME`, which groups charts. */
  async append({ step, ...values }: MetricsRecord): Promise<void> {
    const summary = Object.entries(values).flatMap(([name, value]) =>
      Number.isFinite(value) ? [scalar(name.replaceAll('.', '/'), value)] : [],
    );
    await appendFile(this.file, event(step, message(field.summary, ...summary)));
  }
}

/** Numbers of the fields, each of its own message. */
const field = {
  // Event
  wallTime: 1,
  step: 2,
  fileVersion: 3,
  summary: 5,
  sessionLog: 7,
  // SessionLog
  status: 1,
  // Summary
  value: 1,
  // Summary.Value
  tag: 1,
  simpleValue: 2,
} as const;

/** SessionLog.START */
const statusStart = 1;

function event(step: number, what: Buffer): Buffer {
  const wallTime = Buffer.alloc(8);
  wallTime.writeDoubleLE(Date.now() / 1000);
  return frameRecord(
    Buffer.concat([key(field.wallTime, wire.fixed64), wallTime, varint(field.step, step), what]),
  );
}

function scalar(tag: string, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return message(field.value, text(field.tag, tag), key(field.simpleValue, wire.fixed32), bytes);
}

// Protocol buffers' encoding: a key (number and wire type), then the value.

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function key(number: number, type: number): Buffer {
  return Buffer.from([(number << 3) | type]);
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([key(number, wire.varint), unsigned(value)]);
}

function text(number: number, value: string): Buffer {
  return message(number, Buffer.from(value));
}

function message(number: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([key(number, wire.bytes), unsigned(content.length), content]);
}

/** Seven bits a byte, the lowest first; all but the last byte have the eighth bit set. */
function unsigned(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}
