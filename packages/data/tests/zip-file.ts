import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip for a test; what it claims may be false. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly compress?: boolean;
  /** The size that the zip tells for the value unpacked. */
  readonly claimedSize?: number;
  readonly crc?: number;
}

/** A zip, written without the code under test. */
export function zipFile(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, compress = false, claimedSize = bytes.length, crc = crc32(bytes) } of entries) {
    const value = compress ? deflateRawSync(bytes) : Buffer.from(bytes);
    const encoded = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(compress ? 8 : 0, 4);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(value.length, 14);
    common.writeUInt32LE(claimedSize, 18);
    common.writeUInt16LE(encoded.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    parts.push(Buffer.from('PK\x03\x04'), common, encoded, value);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, place, encoded);
    offset += 30 + encoded.length + value.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}
