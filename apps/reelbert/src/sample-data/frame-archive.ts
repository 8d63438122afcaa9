import { buffer } from 'node:stream/consumers';
import { join } from 'node:path';
import { ZipFile } from 'yazl';

/** Where a clip's frames lie below a folder of frames: by the last three characters of its id. */
export function frameArchivePath(folder: string, id: string): string {
  return join(folder, id.slice(-3), `${id}.zip`);
}

/** A stored zip with entries `00.jpg`, `01.jpg`, ...; the same frames give the same bytes. */
export async function zipFrames(frames: readonly Buffer[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [index, frame] of frames.entries()) {
    zip.addBuffer(frame, `${String(index).padStart(2, '0')}.jpg`, {
      compress: false,
      mtime: new Date(1980, 0, 1),
      forceDosTimestamp: true,
    });
  }
  zip.end();
  return buffer(zip.outputStream);
}
