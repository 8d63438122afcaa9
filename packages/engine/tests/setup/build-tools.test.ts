import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { explainBuildFailure } from '../../src/setup/addon.js';
import {
  findNodeGyp,
  findNodeHeaders,
  findPython,
  requireCompiler,
  requirePip,
} from '../../src/setup/build-tools.js';
import { temporaryFolder } from '../temporary-folder.js';

it('finds the node-gyp that comes with npm', () => {
  expect(existsSync(findNodeGyp())).toBe(true);
});

it("finds Node's headers beside the running node first", async () => {
  const prefix = await temporaryFolder();
  await mkdir(join(prefix, 'include', 'node'), { recursive: true });
  await mkdir(join(prefix, 'bin'));
  for (const file of ['node.h', 'node_api.h', 'common.gypi']) {
    await writeFile(join(prefix, 'include', 'node', file), '');
  }
  await writeFile(join(prefix, 'bin', 'node'), '');
  expect(findNodeHeaders(join(prefix, 'bin', 'node'), {})).toBe(prefix);
});

it('names a Python that is missing, and what to install', async () => {
  await expect(findPython({ PYTHON: 'no-such-python' })).rejects.toThrow(
    /tried no-such-python[\s\S]*apt-get install python3 python3-pip/,
  );
});

it('names a missing pip', async () => {
  await expect(requirePip('false')).rejects.toThrow(/has no pip[\s\S]*apt-get install python3-pip/);
});

it('names a missing compiler', async () => {
  await expect(requireCompiler({ CXX: 'no-such-compiler' })).rejects.toThrow(
    /No C\+\+ compiler[\s\S]*apt-get install g\+\+ make/,
  );
});

it('tells missing headers from a failed compilation', () => {
  expect(explainBuildFailure('x', 'FetchError: getaddrinfo ENOTFOUND', false).message).toContain(
    "Node's headers",
  );
  expect(explainBuildFailure('x', 'error: expected ;', true).message).toContain('error: expected ;');
});
