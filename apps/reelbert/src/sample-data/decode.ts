import sharp, { type Sharp } from 'sharp';
import { spacedFrames } from './protocol.js';
import { readAnimation, visibleFrames, type Animation } from './webp-animation.js';

export interface FrameFormat {
  /** Width and height of a frame. */
  readonly size: number;
  readonly framesPerClip: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  /** Half the colour resolution, fixed code tables: images whose headers are alike, for a compressed archive. */
  readonly compact?: boolean;
}

/** Pixels with opacity, `[height, width, 4]`. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** Uniformly spaced frames of a WebP image (one, if it is a still), on white, as JPEG. */
export async function decodeClip(webp: Buffer, format: FrameFormat): Promise<Buffer[]> {
  const animation = readAnimation(webp);
  if (animation.frames.length === 0) return [await toJpeg(sharp(webp), format)];
  const wanted = spacedFrames(animation.frames.length, format.framesPerClip);
  const canvases = animation.frames.some(({ blended }, index) => blended && index > 0)
    ? await decodeAll(webp, wanted)
    : await decodeVisible(animation, wanted);
  return Promise.all(
    canvases.map(({ width, height, data }) =>
      toJpeg(sharp(data, { raw: { width, height, channels: 4 } }), format),
    ),
  );
}

function toJpeg(image: Sharp, { size, quality, compact = false }: FrameFormat): Promise<Buffer> {
  return image
    .flatten({ background: '#ffffff' })
    .resize(size, size, { fit: 'fill' })
    .toColourspace('srgb')
    .jpeg({ quality, chromaSubsampling: compact ? '4:2:0' : '4:4:4', optimiseCoding: !compact })
    .toBuffer();
}

/** Decodes every frame up to the last wanted one. */
async function decodeAll(webp: Buffer, wanted: readonly number[]): Promise<Canvas[]> {
  const pages = (wanted.at(-1) ?? 0) + 1;
  const { data, info } = await sharp(webp, { pages })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width } = info;
  const height = info.height / pages;
  const bytes = width * height * 4;
  return wanted.map((index) => ({ width, height, data: data.subarray(index * bytes, (index + 1) * bytes) }));
}

/** Decodes and paints only those frames of which something is seen. */
async function decodeVisible(animation: Animation, wanted: readonly number[]): Promise<Canvas[]> {
  const decoded = new Map<number, Buffer>();
  const canvases: Canvas[] = [];
  for (const index of wanted) {
    const { width, height } = animation;
    const data = Buffer.alloc(width * height * 4);
    for (const visible of visibleFrames(animation, index)) {
      const frame = animation.frames[visible];
      if (frame === undefined) continue;
      if (frame.disposed && visible !== index) {
        paint(data, width, frame, undefined);
        continue;
      }
      const pixels = decoded.get(visible) ?? (await sharp(frame.image).ensureAlpha().raw().toBuffer());
      decoded.set(visible, pixels);
      paint(data, width, frame, pixels);
    }
    canvases.push({ width, height, data });
  }
  return canvases;
}

/** Copies a frame's pixels to its rectangle; without pixels, the rectangle becomes transparent. */
function paint(
  canvas: Buffer,
  canvasWidth: number,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  pixels: Buffer | undefined,
): void {
  const rowBytes = width * 4;
  for (let row = 0; row < height; row++) {
    const at = ((y + row) * canvasWidth + x) * 4;
    if (pixels === undefined) canvas.fill(0, at, at + rowBytes);
    else pixels.copy(canvas, at, row * rowBytes, (row + 1) * rowBytes);
  }
}
