import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** Where a clip's frames lie below a folder of frames: by the last three characters of its id. */
export function frameArchivePath(folder: string, id: string): string {
  return join(folder, id.slice(-3), `${id}.zip`);
}

const utf8Names = 0x0800;
const newYear1980 = 0x0021;
const zipVersion = 20;
const madeByUnix = 0x033f;
const regularFile = 0o100664;

/** What an entry's own header and its line in the directory have in common (PKWARE APPNOTE 6.3). */
function description(name: string, data: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(zipVersion, 0);
  fields.writeUInt16LE(utf8Names, 2);
  fields.writeUInt16LE(newYear1980, 8);
  fields.writeUInt32LE(crc32(data), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

/** A stored zip with entries `00.jpg`, `01.jpg`, ...; the same frames give the same bytes. */
export function zipFrames(frames: readonly Buffer[]): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [index, frame] of frames.entries()) {
    const name = `${String(index).padStart(2, '0')}.jpg`;
    const common = description(name, frame);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), frame]);
    const head = Buffer.from('PK\x01\x02\0\0');
    head.writeUInt16LE(madeByUnix, 4);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((regularFile << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    entries.push(entry);
    directory.push(head, common, tail, Buffer.from(name));
    offset += entry.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(frames.length, 8);
  end.writeUInt16LE(frames.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...entries, ...directory, end]);
}
