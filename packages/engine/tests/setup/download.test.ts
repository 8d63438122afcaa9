import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { fetchWheel, wheelFile, type DownloadContext } from '../../src/setup/download.js';
import type { Wheel } from '../../src/setup/pins.js';
import { temporaryFolder } from '../temporary-folder.js';

const content = 'a wheel';
const wheel: Wheel = {
  project: 'some-library',
  version: '1.0',
  platform: 'manylinux_2_27_x86_64',
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};

// A stand-in for Python whose "pip download" runs the given shell lines; $dest is the folder to download to.
async function contextWith(lines: string): Promise<DownloadContext & { calls: () => Promise<number> }> {
  const cache = await temporaryFolder();
  const python = join(cache, 'python');
  const log = join(cache, 'calls.log');
  const script = `#!/bin/sh\necho "$@" >> ${log}\nwhile [ "$1" != --dest ]; do shift; done\ndest=$2\n${lines}\n`;
  await writeFile(python, script);
  await chmod(python, 0o755);
  const calls = async (): Promise<number> =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').length - 1;
  return { cache, python, onProgress: () => undefined, calls };
}

const good = `printf '${content}' > $dest/some_library-1.0.whl`;

it('fetches a wheel with pip, checks it and keeps it', async () => {
  const context = await contextWith(good);
  const file = await fetchWheel(wheel, context);
  expect(await readFile(file, 'utf8')).toBe(content);
  await fetchWheel(wheel, context);
  expect(await context.calls()).toBe(1);
  expect((await readdir(context.cache)).filter((entry) => entry.startsWith('tmp-'))).toEqual([]);
});

it('asks pip for the very version and platform, without dependencies', async () => {
  const context = await contextWith(good);
  await fetchWheel(wheel, context);
  const call = await readFile(join(context.cache, 'calls.log'), 'utf8');
  for (const part of [
    '-m pip download',
    '--no-deps',
    '--platform manylinux_2_27_x86_64',
    'some-library==1.0',
  ]) {
    expect(call).toContain(part);
  }
});

it('takes a wheel that was put into place by hand', async () => {
  const context = await contextWith('exit 1');
  await mkdir(dirname(wheelFile(context.cache, wheel)));
  await writeFile(wheelFile(context.cache, wheel), content);
  expect(await fetchWheel(wheel, context)).toBe(wheelFile(context.cache, wheel));
});

it('fetches again what was cut short', async () => {
  const context = await contextWith(good);
  await mkdir(dirname(wheelFile(context.cache, wheel)));
  await writeFile(wheelFile(context.cache, wheel), content.slice(0, 3));
  expect(await readFile(await fetchWheel(wheel, context), 'utf8')).toBe(content);
});

it('refuses another file than the pinned one, and removes it', async () => {
  const context = await contextWith(`printf 'another' > $dest/some_library-1.0.whl`);
  await expect(fetchWheel(wheel, context)).rejects.toThrow(
    /not the file that was pinned[\s\S]*run the set-up again/,
  );
  expect(await readdir(join(context.cache, 'downloads')).catch(() => [])).toEqual([]);
});

it.each([
  [
    'no network',
    'WARNING: Retrying after NewConnectionError: [Errno -2] Name or service not known',
    "can't be reached",
  ],
  ['an index without it', 'ERROR: No matching distribution found for some-library==1.0', 'PIP_INDEX_URL'],
  ['a full disk', 'ERROR: [Errno 28] No space left on device', 'REELBERT_CACHE'],
  ['a foreign certificate', 'SSLError(SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED)', 'PIP_CERT'],
  ['anything else', 'ERROR: strange things', 'strange things'],
])('explains %s', async (_name, output, explanation) => {
  const context = await contextWith(`echo '${output}' >&2; exit 1`);
  await expect(fetchWheel(wheel, context)).rejects.toThrow(explanation);
});
