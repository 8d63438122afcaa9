import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readMetrics } from '../src/index.js';
import { crc32c, frameRecord } from '../src/record-framing.js';
import { TensorBoardLog } from '../src/tensorboard.js';
import { programModes } from './modes.js';
import { runTiny } from './tiny-run.js';

await programModes();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensorboard-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Splits a record file; the frames' checksums are tested against TensorBoard's own below. */
function payloads(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const payload = file.subarray(at + 12, at + 12 + Number(file.readBigUInt64LE(at)));
    const frame = file.subarray(at, at + payload.length + 16);
    expect(frame).toEqual(frameRecord(payload));
    found.push(payload);
    at += frame.length;
  }
  return found;
}

type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** A protocol buffer's values by field number, in order: numbers, or bytes for all that has a length. */
function decode(bytes: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const fixed = (size: 4 | 8) => {
    at += size;
    return size === 4 ? bytes.readFloatLE(at - 4) : bytes.readDoubleLE(at - 8);
  };
  const counted = () => {
    const length = varint();
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const key = varint();
    const value = [varint, () => fixed(8), counted, undefined, undefined, () => fixed(4)][key & 7]!();
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

/** A file's scalars as [step, tag, value]. */
async function scalars(file: string): Promise<[number, string, number][]> {
  return payloads(await readFile(file)).flatMap((payload) => {
    const event = decode(payload);
    const [summary] = event.get(5) ?? [];
    if (summary === undefined) return [];
    return (decode(summary as Buffer).get(1) as Buffer[]).map((value): [number, string, number] => {
      const of = decode(value);
      return [event.get(2)![0] as number, of.get(1)![0]!.toString(), of.get(2)![0] as number];
    });
  });
}

async function eventFiles(of: string): Promise<string[]> {
  return (await readdir(of)).sort().map((name) => join(of, name));
}

describe('record files', () => {
  // Check values of RFC 3720, appendix B.4, and of Castagnoli's polynomial.
  test('have the checksums of CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  });

  // f = io.BytesIO(); tensorboard.summary.writer.record_writer.RecordWriter(f).write(b'a record'); f.getvalue().hex()
  test("frame a record as TensorBoard's own writer does", () => {
    const expected = '0800000000000000ff86240f61207265636f7264be6e4e08';
    expect(frameRecord(Buffer.from('a record')).toString('hex')).toBe(expected);
  });
});

describe('event files', () => {
  test('begin with their version, and drop what came after the step that a run goes on from', async () => {
    const { file } = await TensorBoardLog.open(join(folder, 'begun'), 300);
    const [version, begun] = payloads(await readFile(file)).map(decode);
    expect(version!.get(3)).toEqual([Buffer.from('brain.Event:2')]);
    expect(begun!.get(2)).toEqual([301]);
    expect(decode(begun!.get(7)![0] as Buffer).get(1)).toEqual([1]); // SessionLog.START
    expect(begun!.get(1)![0]).toBeCloseTo(Date.now() / 1000, -2);
  });

  // e = Event(wall_time=1.5, step=300); v = e.summary.value.add(); v.tag = 'loss/mlm'; v.simple_value = 0.25
  test("hold a scalar in the bytes of TensorFlow's messages", async () => {
    const log = await TensorBoardLog.open(join(folder, 'bytes'), 0);
    await log.append({ step: 300, 'loss.mlm': 0.25 } as never);
    const last = payloads(await readFile(log.file)).at(-1)!;
    const expected = '09000000000000f83f10ac022a110a0f0a086c6f73732f6d6c6d150000803e';
    expect(last.subarray(9).toString('hex')).toBe(expected.slice(18));
  });

  test("hold all of a run's metrics, those of a resumed run in a further file", async () => {
    const at = join(folder, 'resumed');
    await runTiny(at, { stopAfter: 7 });
    const { run } = await runTiny(at, { resume: true });
    const files = await eventFiles(run.tensorboard);
    expect(files).toHaveLength(2);
    const [first, second] = await Promise.all(files.map(scalars));
    expect(Math.max(...first!.map(([step]) => step))).toBe(6);
    const expected = (await readMetrics(run.metrics)).flatMap(({ step, ...values }) =>
      Object.entries(values).map(([name, value]) => [step, name.replaceAll('.', '/'), Math.fround(value)]),
    );
    expect([...first!, ...second!]).toEqual(expected);
    expect(expected.some(([, tag]) => tag === 'eval/meanF1')).toBe(true);
  });

  test('leave out what is not finite', async () => {
    const log = await TensorBoardLog.open(join(folder, 'finite'), 0);
    await log.append({ step: 1, epoch: 0, loss: NaN });
    expect(await scalars(log.file)).toEqual([[1, 'epoch', 0]]);
  });
});
