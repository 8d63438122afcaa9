// Zip files of stored entries (PKWARE APPNOTE 6.3), with zip64 where sizes need it. Our own code, since no library
// goes on with an archive that was interrupted.
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { readFully } from './input-file.js';

/** Where an entry of a zip of stored entries is. */
export interface StoredEntry {
  readonly name: string;
  readonly crc: number;
  /** Bytes of the value. */
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Bytes of a local header before the name. */
const localHeaderBytes = 30;
const version = 20;
const zip64Version = 45;
const utf8Names = 0x0800;
const stored = 0;
/** 1980-01-01, so that the same entries give the same bytes. */
const date = 0x0021;
const most16 = 0xffff;
const most32 = 0xffffffff;

/** The bytes of an entry, header and value. */
export function encodeEntry(name: string, value: Uint8Array): Buffer {
  if (value.length >= most32) throw new RangeError(`entry '${name}' is larger than 4 GiB`);
  const encoded = encodeName(name);
  const header = Buffer.alloc(localHeaderBytes);
  header.writeUInt32LE(0x04034b50, 0);
  writeDescription(header, 4, version, crc32(value), value.length, encoded.length, 0);
  return Buffer.concat([header, encoded, value]);
}

/** The bytes that end an archive: the list of its entries and where that is. */
export function encodeDirectory(entries: readonly StoredEntry[], start: number): Buffer {
  const records: Buffer[] = [];
  for (const { name, crc, size, offset } of entries) {
    const encoded = encodeName(name);
    const far = offset >= most32;
    const record = Buffer.alloc(46 + encoded.length + (far ? 12 : 0));
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(zip64Version, 4);
    writeDescription(record, 6, far ? zip64Version : version, crc, size, encoded.length, far ? 12 : 0);
    record.writeUInt32LE(far ? most32 : offset, 42);
    encoded.copy(record, 46);
    if (far) {
      record.writeUInt16LE(1, 46 + encoded.length);
      record.writeUInt16LE(8, 48 + encoded.length);
      record.writeBigUInt64LE(BigInt(offset), 50 + encoded.length);
    }
    records.push(record);
  }
  const directory = Buffer.concat(records);
  return Buffer.concat([directory, encodeEnd(entries.length, start, directory.length)]);
}

/**
 * The entries that are whole in a zip whose writing was interrupted, from its beginning; the first that is cut off or
 * damaged ends the list.
 *
 * @param visit is given each entry's value
 * @returns the entries and where the next one belongs
 */
export async function recoverEntries(
  handle: FileHandle,
  visit: (name: string, value: Uint8Array) => void,
): Promise<{ entries: StoredEntry[]; end: number }> {
  const { size: fileSize } = await handle.stat();
  const entries: StoredEntry[] = [];
  const header = Buffer.alloc(localHeaderBytes);
  let offset = 0;
  while ((await readFully(handle, header, offset)) === header.length) {
    if (header.readUInt32LE(0) !== 0x04034b50 || header.readUInt16LE(8) !== stored) break;
    const crc = header.readUInt32LE(14);
    const size = header.readUInt32LE(18);
    const nameLength = header.readUInt16LE(26);
    const next = offset + localHeaderBytes + nameLength + size;
    if (next > fileSize) break;
    const rest = Buffer.alloc(nameLength + size);
    await readFully(handle, rest, offset + localHeaderBytes);
    const value = rest.subarray(nameLength);
    if (crc32(value) !== crc) break;
    const name = rest.toString('utf8', 0, nameLength);
    visit(name, value);
    entries.push({ name, crc, size, offset });
    offset = next;
  }
  return { entries, end: offset };
}

/** From the version on, what local headers and the directory say alike. */
function writeDescription(
  target: Buffer,
  at: number,
  needed: number,
  crc: number,
  size: number,
  nameLength: number,
  extraLength: number,
): void {
  target.writeUInt16LE(needed, at);
  target.writeUInt16LE(utf8Names, at + 2);
  target.writeUInt16LE(stored, at + 4);
  target.writeUInt16LE(date, at + 8);
  target.writeUInt32LE(crc, at + 10);
  target.writeUInt32LE(size, at + 14);
  target.writeUInt32LE(size, at + 18);
  target.writeUInt16LE(nameLength, at + 22);
  target.writeUInt16LE(extraLength, at + 24);
}

function encodeEnd(count: number, start: number, length: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, most16), 8);
  end.writeUInt16LE(Math.min(count, most16), 10);
  end.writeUInt32LE(Math.min(length, most32), 12);
  end.writeUInt32LE(Math.min(start, most32), 16);
  if (count < most16 && start < most32 && length < most32) return end;
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(zip64Version, 12);
  wide.writeUInt16LE(zip64Version, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(length), 40);
  wide.writeBigUInt64LE(BigInt(start), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(start + length), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}

function encodeName(name: string): Buffer {
  const encoded = Buffer.from(name, 'utf8');
  if (encoded.length > most16) throw new RangeError('an entry name is longer than 65,535 bytes');
  return encoded;
}
