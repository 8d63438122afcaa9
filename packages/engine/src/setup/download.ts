import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Wheel } from './pins.js';
import { lastLines, runCommand } from './run-command.js';
import { SetupError } from './setup-error.js';
import type { OnProgress } from './setup-progress.js';

export interface DownloadContext {
  readonly cache: string;
  readonly python: string;
  readonly onProgress: OnProgress;
}

/** Where a wheel is kept until TensorFlow has been taken out of it; a file put there by hand is used as well. */
export function wheelFile(cache: string, { project, version, platform }: Wheel): string {
  return join(cache, 'downloads', `${project}-${version}-${platform}.whl`);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

/** Tells what pip's failure means. */
export function explainPipFailure(wheel: Wheel, file: string, output: string): SetupError {
  const what = `${wheel.project} ${wheel.version}`;
  const byHand = `fetch the wheel (${wheel.platform}) on another machine and put it at ${file}`;
  if (/No space left on device|Errno 28/.test(output)) {
    return new SetupError(
      `The disk became full while ${what} was fetched.`,
      'free some space, or set REELBERT_CACHE to a folder on another disk.',
    );
  }
  if (
    /NewConnectionError|name resolution|ConnectTimeout|Connection refused|Network is unreachable|ProxyError|Read timed out|Connection aborted/.test(
      output,
    )
  ) {
    return new SetupError(
      `The Python package index can't be reached, so ${what} can't be fetched.\n${lastLines(output, 2)}`,
      `check the network (pip takes a proxy from HTTPS_PROXY, a mirror from PIP_INDEX_URL) and run the set-up again, or ${byHand}.`,
    );
  }
  if (/CERTIFICATE_VERIFY_FAILED|SSLError/.test(output)) {
    return new SetupError(
      `The package index's certificate isn't accepted.\n${lastLines(output, 2)}`,
      'give pip the right certificates with PIP_CERT, and run the set-up again.',
    );
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    return new SetupError(
      `The package index that pip uses has no ${what} for ${wheel.platform}.\n${lastLines(output, 2)}`,
      `use one that has it (PIP_INDEX_URL), or ${byHand}.`,
    );
  }
  return new SetupError(
    `pip couldn't fetch ${what}:\n${lastLines(output)}`,
    'mend what pip reports and run the set-up again.',
  );
}

async function downloadInto(
  folder: string,
  wheel: Wheel,
  { python, onProgress }: DownloadContext,
): Promise<string> {
  const step = `fetching ${wheel.project} ${wheel.version} (${Math.round(wheel.bytes / 1e6)} MB)`;
  onProgress({ step, fraction: 0 });
  const timer = setInterval(() => {
    void sizeOf(folder).then((bytes) => onProgress({ step, fraction: Math.min(1, bytes / wheel.bytes) }));
  }, 1000);
  const args = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--no-cache-dir',
    '--no-input',
    '--disable-pip-version-check',
  ];
  args.push('--progress-bar', 'off', '--retries', '2', '--only-binary=:all:', '--python-version', '3.12');
  args.push('--platform', wheel.platform, '--dest', folder, `${wheel.project}==${wheel.version}`);
  try {
    const { status, stdout, stderr } = await runCommand(python, args, {
      env: { ...process.env, TMPDIR: folder },
    });
    return status === 0 ? '' : stdout + stderr || `pip ended with status ${status}`;
  } finally {
    clearInterval(timer);
  }
}

/** The checked wheel on this disk, fetched from the package index with pip if it isn't there yet. */
export async function fetchWheel(wheel: Wheel, context: DownloadContext): Promise<string> {
  const file = wheelFile(context.cache, wheel);
  const present = await stat(file).catch(() => undefined);
  if (present !== undefined) {
    if (present.size === wheel.bytes && (await sha256(file)) === wheel.sha256) return file;
    await rm(file);
  }
  const folder = join(context.cache, `tmp-${process.pid}-${wheel.project}`);
  await mkdir(folder, { recursive: true });
  try {
    const failure = await downloadInto(folder, wheel, context);
    if (failure !== '') throw explainPipFailure(wheel, file, failure);
    const name = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (name === undefined) throw explainPipFailure(wheel, file, 'pip left no wheel behind');
    const found = await sha256(join(folder, name));
    if (found !== wheel.sha256) {
      throw new SetupError(
        `${name} is not the file that was pinned: its SHA-256 is ${found}, ${wheel.sha256} was expected. It was removed.`,
        'run the set-up again; if this comes again, the package index that pip uses serves another file: use another one (PIP_INDEX_URL).',
      );
    }
    await mkdir(join(context.cache, 'downloads'), { recursive: true });
    await rename(join(folder, name), file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
