/** The npm packages that the full sample data is made from, and how they get into the cache. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InputError } from '@reelbert/data';

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the tarball. */
  readonly integrity: string;
  readonly megabytes: number;
}

export const namesPackage: PinnedPackage = {
  name: 'emojibase-data',
  version: '17.0.0',
  integrity:
    'sha512-Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==',
  megabytes: 7,
};

/** In the order that decides which of two clips of the same name counts. */
export const animationPackages: readonly PinnedPackage[] = [
  {
    name: '@lobehub/fluent-emoji-anim-1',
    version: '1.0.0',
    integrity:
      'sha512-/4m31vAuZEQ4aUJ5pxcOU5PVkuJya55GRxUZL7+zgLlxZXpzzE8jPqpDyhZICE3n47nS/Y9M5/vLdizi8201QA==',
    megabytes: 165,
  },
  {
    name: '@lobehub/fluent-emoji-anim-2',
    version: '1.0.0',
    integrity:
      'sha512-S6yzf0RZXrQbXdxCWuHA9BAoLdBRk2flX+ne4TPGEH/qApwisCAKHoAAGjKSlTY3OVeZ9b7t/NEbmpjawnQYJA==',
    megabytes: 182,
  },
  {
    name: '@lobehub/fluent-emoji-anim-3',
    version: '1.0.0',
    integrity:
      'sha512-UzRSUDMjdfdt9vER5bhjHkPqgc3EEgfGtYs6ndvizOTvQOxYQ57ow2RTkWSDZxwW30X4EYBi2eWTS7CXDDoFsg==',
    megabytes: 197,
  },
  {
    name: '@lobehub/fluent-emoji-anim-4',
    version: '1.0.0',
    integrity:
      'sha512-IIkl5ztSd1HrzvIDt/uGsFoC1WODXRdYq5uROrnkyqi9DbToEcJ1nlY86PnoUXeFS9nBCnHfiYk3ouSEGThFmA==',
    megabytes: 186,
  },
];

export const allPackages: readonly PinnedPackage[] = [namesPackage, ...animationPackages];

/** Where the package's tarball lies in the folder of packages. */
export function tarballPath(folder: string, { name, version }: PinnedPackage): string {
  return join(folder, `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`);
}

export interface DownloadOptions {
  /** Called with the megabytes that are there, and all of them. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** The npm program, by default the one on the path. */
  readonly npm?: string | undefined;
}

/**
 * Makes sure that every package's tarball is in `folder`; returns how many had to be fetched. A tarball gets
 * its name only once it is complete and its checksum right, so an interrupted run goes on with the next one.
 *
 * @throws InputError where npm is missing, reaches no registry, or delivers something else than expected.
 */
export async function fetchPackages(
  packages: readonly PinnedPackage[],
  folder: string,
  options: DownloadOptions = {},
): Promise<number> {
  await mkdir(folder, { recursive: true });
  const total = packages.reduce((sum, { megabytes }) => sum + megabytes, 0);
  let done = 0;
  let fetched = 0;
  for (const wanted of packages) {
    const target = tarballPath(folder, wanted);
    if (!(await exists(target))) {
      options.onProgress?.(done, total);
      await fetchPackage(wanted, folder, target, options);
      fetched++;
    }
    done += wanted.megabytes;
  }
  if (fetched > 0) options.onProgress?.(total, total);
  return fetched;
}

async function fetchPackage(
  wanted: PinnedPackage,
  folder: string,
  target: string,
  options: DownloadOptions,
): Promise<void> {
  const partial = await mkdtemp(join(folder, 'partial-'));
  try {
    await npmPack(wanted, partial, options);
    const file = (await readdir(partial)).find((name) => name.endsWith('.tgz'));
    if (file === undefined) throw unexpectedPackage(wanted, 'no archive');
    const found = await integrityOf(join(partial, file));
    if (found !== wanted.integrity) throw unexpectedPackage(wanted, `an archive with checksum ${found}`);
    await rename(join(partial, file), target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** `npm pack`, so that the user's own registry, proxy and credentials are used. */
function npmPack(wanted: PinnedPackage, destination: string, options: DownloadOptions): Promise<void> {
  const spec = `${wanted.name}@${wanted.version}`;
  const args = ['pack', spec, '--pack-destination', destination, '--loglevel', 'error', '--ignore-scripts'];
  // npm's own first pause is 10 seconds, its second a minute: too long to learn that one is offline.
  args.push('--fetch-retry-mintimeout', '2000');
  const windows = process.platform === 'win32';
  return new Promise((resolve, reject) => {
    const child = spawn(options.npm ?? (windows ? 'npm.cmd' : 'npm'), windows ? args.map(quoted) : args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: windows,
      signal: options.signal,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? npmMissing() : error);
    });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(npmFailed(spec, errors));
    });
  });
}

function quoted(argument: string): string {
  return `"${argument}"`;
}

function npmMissing(): InputError {
  return new InputError({
    file: 'npm',
    found: 'no such program',
    expected: 'npm on the PATH, which fetches the full sample data; the embedded sample needs no download',
  });
}

const advice =
  'a registry that npm reaches (see "npm ping" and "npm config get registry"); run the command again to go on, ' +
  'or use the embedded sample, which needs no download';

function npmFailed(spec: string, errors: string): InputError {
  const lines = errors
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/, '').trim())
    .filter((line) => line !== '' && !/complete log of this run|^npm warn|^(?:syscall|errno)\b/i.test(line));
  const reason = lines.slice(0, 2).join('; ') || 'no reason given';
  return new InputError({ file: spec, found: `that npm could not fetch it (${reason})`, expected: advice });
}

function unexpectedPackage({ name, version, integrity }: PinnedPackage, found: string): InputError {
  return new InputError({
    file: `${name}@${version}`,
    found,
    expected: `the archive with checksum ${integrity}`,
  });
}

async function integrityOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
