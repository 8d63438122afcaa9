import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { unzip } from '../../src/setup/unzip.js';
import { temporaryFolder } from '../temporary-folder.js';

// A zip archive of uncompressed entries.
function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const common = Buffer.alloc(26); // from "version needed" on, the same in both headers
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(text), 10);
    common.writeUInt32LE(text.length, 14);
    common.writeUInt32LE(text.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name + text)]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end]);
}

it('takes out the files that have a place, under their new names', async () => {
  const folder = await temporaryFolder();
  const archive = join(folder, 'a.whl');
  await writeFile(
    archive,
    zipOf({ 'a/lib.so': 'library', 'a/other.py': 'python', 'a/include/x.h': 'header' }),
  );
  await unzip(archive, join(folder, 'out'), (name) => (name.endsWith('.py') ? undefined : name.slice(2)));
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['include', 'lib.so']);
  expect(await readFile(join(folder, 'out', 'include', 'x.h'), 'utf8')).toBe('header');
});

it('refuses an archive that leads out of the folder', async () => {
  const folder = await temporaryFolder();
  const archive = join(folder, 'a.whl');
  await writeFile(archive, zipOf({ '../evil': 'x' }));
  await expect(unzip(archive, join(folder, 'out'), (name) => name)).rejects.toThrow(/invalid relative path/);
});
