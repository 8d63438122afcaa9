/**
 * The frames of an animated WebP without decoding it: most of an animation's frames are painted over before
 * they are needed, so a few wanted ones cost a fraction of decoding all.
 * Container: https://developers.google.com/speed/webp/docs/riff_container
 */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface AnimationFrame extends Rectangle {
  /** Whether its rectangle becomes transparent before the next frame. */
  readonly disposed: boolean;
  /** Whether it is laid over what is there rather than replacing it. */
  readonly blended: boolean;
  /** A still WebP image of the rectangle. */
  readonly image: Buffer;
}

export interface Animation {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly AnimationFrame[];
}

function* chunksOf(buffer: Buffer, start: number): Generator<{ type: string; data: Buffer }> {
  for (let at = start; at + 8 <= buffer.length;) {
    const size = buffer.readUInt32LE(at + 4);
    const data = buffer.subarray(at + 8, at + 8 + size);
    if (data.length < size) throw new Error('truncated WebP');
    yield { type: buffer.toString('latin1', at, at + 4), data };
    at += 8 + size + (size % 2);
  }
}

/** Wraps a frame's chunks as an image of their own. */
function stillImage(width: number, height: number, chunks: Buffer): Buffer {
  const alphaFlag = 0x10;
  const header = Buffer.alloc(30);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(22 + chunks.length, 4);
  header.write('WEBPVP8X', 8, 'latin1');
  header.writeUInt32LE(10, 16);
  header.writeUInt8(alphaFlag, 20);
  header.writeUIntLE(width - 1, 24, 3);
  header.writeUIntLE(height - 1, 27, 3);
  return Buffer.concat([header, chunks]);
}

function frameOf(data: Buffer): AnimationFrame {
  const width = data.readUIntLE(6, 3) + 1;
  const height = data.readUIntLE(9, 3) + 1;
  const flags = data.readUInt8(15);
  return {
    x: data.readUIntLE(0, 3) * 2,
    y: data.readUIntLE(3, 3) * 2,
    width,
    height,
    disposed: (flags & 1) !== 0,
    blended: (flags & 2) === 0,
    image: stillImage(width, height, data.subarray(16)),
  };
}

/** Reads the container. A still image is an animation without frames. */
export function readAnimation(webp: Buffer): Animation {
  if (webp.toString('latin1', 0, 4) !== 'RIFF' || webp.toString('latin1', 8, 12) !== 'WEBP') {
    throw new Error('not a WebP image');
  }
  let width = 0;
  let height = 0;
  const frames: AnimationFrame[] = [];
  for (const { type, data } of chunksOf(webp, 12)) {
    if (type === 'VP8X') {
      width = data.readUIntLE(4, 3) + 1;
      height = data.readUIntLE(7, 3) + 1;
    } else if (type === 'ANMF') frames.push(frameOf(data));
  }
  return { width, height, frames };
}

/** What remains of `area` outside `cover`, as up to four rectangles. */
function subtract(area: Rectangle, cover: Rectangle): Rectangle[] {
  const right = area.x + area.width;
  const bottom = area.y + area.height;
  const left = Math.max(area.x, cover.x);
  const top = Math.max(area.y, cover.y);
  const coverRight = Math.min(right, cover.x + cover.width);
  const coverBottom = Math.min(bottom, cover.y + cover.height);
  if (left >= coverRight || top >= coverBottom) return [area];
  const middle = coverBottom - top;
  return [
    { x: area.x, y: area.y, width: area.width, height: top - area.y },
    { x: area.x, y: coverBottom, width: area.width, height: bottom - coverBottom },
    { x: area.x, y: top, width: left - area.x, height: middle },
    { x: coverRight, y: top, width: right - coverRight, height: middle },
  ].filter(({ width, height }) => width > 0 && height > 0);
}

/**
 * The frames that anything is seen of when frame `index` is shown, in the order in which they are painted.
 * Only for animations without blended frames.
 */
export function visibleFrames({ width, height, frames }: Animation, index: number): number[] {
  const visible: number[] = [];
  let uncovered: Rectangle[] = [{ x: 0, y: 0, width, height }];
  for (let at = index; at >= 0 && uncovered.length > 0; at--) {
    const frame = frames[at];
    if (frame === undefined) break;
    const rest = uncovered.flatMap((area) => subtract(area, frame));
    const area = (parts: readonly Rectangle[]) =>
      parts.reduce((sum, part) => sum + part.width * part.height, 0);
    if (area(rest) < area(uncovered)) visible.push(at);
    uncovered = rest;
  }
  return visible.reverse();
}
