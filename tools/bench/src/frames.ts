// nx run bench:frames: frames decoded and transformed in a second of CPU time, ours against Pillow and NumPy, in turn.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { decodeImage, imageNetNormalisation, normalisePixels, resizeToCentre } from '@reelbert/data';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

/** Short side and crop, the original's. */
const shortSide = 256;
const crop = 224;

/** A turn: CPU seconds for the repeats, and a digest of the pixels. */
interface Turn {
  readonly seconds: number;
  readonly digest: string;
}

const { rounds, repeats, python } = await yargs(hideBin(process.argv))
  .scriptName('bench:frames')
  .option('rounds', { type: 'number', default: 9, describe: 'how often each side has its turn' })
  .option('repeats', { type: 'number', default: 20, describe: 'frames a turn' })
  .option('python', { type: 'string', default: 'python3', describe: 'interpreter with Pillow and NumPy' })
  .strict()
  .parse();

const folder = await mkdtemp(join(tmpdir(), 'bench-frames-'));
try {
  await compare(folder);
} finally {
  await rm(folder, { recursive: true });
}

async function compare(images: string): Promise<void> {
  const script = fileURLToPath(new URL('../python/frames.py', import.meta.url));
  const child = spawn(python, [script, images, `${shortSide}`, `${crop}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined); // no such interpreter: its output ends at once
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) {
    console.log(`skipped: ${python} has no Pillow and NumPy (--python names another interpreter)`);
    return;
  }
  const pillow = async (name: string): Promise<Turn> => {
    child.stdin.write(`${name} ${repeats}\n`);
    return JSON.parse((await lines.next()).value!) as Turn;
  };
  for (const name of JSON.parse(first.value) as string[]) await compareOn(images, name, pillow);
  child.stdin.end();
}

async function compareOn(
  images: string,
  name: string,
  pillow: (name: string) => Promise<Turn>,
): Promise<void> {
  const encoded = await readFile(join(images, `${name}.jpg`));
  const [mine, theirs] = [await ours(encoded), await pillow(name)]; // warm-up
  const times: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    times.push([(await ours(encoded)).seconds, (await pillow(name)).seconds]);
  }
  const rate = (side: 0 | 1) => (repeats / median(times.map((pair) => pair[side]))).toFixed(0).padStart(5);
  const ratios = times.map(([our, their]) => their / our);
  console.log(
    `${name.padEnd(9)}  ours ${rate(0)}  Pillow ${rate(1)} frames a CPU second  ` +
      `ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})  ` +
      (mine.digest === theirs.digest ? 'the same pixels' : 'OTHER PIXELS'),
  );
}

async function ours(encoded: Uint8Array): Promise<Turn> {
  const before = process.cpuUsage();
  let pixels: Uint8Array = new Uint8Array();
  for (let i = 0; i < repeats; i++) {
    pixels = resizeToCentre(await decodeImage(encoded), shortSide, crop).data;
    normalisePixels(pixels, imageNetNormalisation);
  }
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, digest: createHash('sha256').update(pixels).digest('hex') };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
