#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/main.js', import.meta.url);

// In a checkout that hasn't been built yet, or not to its end, build it: the compiler writes .tsbuildinfo last, nothing
// for a package with errors, and with this option nothing for those that import it.
const isCheckout = existsSync(new URL('../tsconfig.json', import.meta.url));
const isBuilt = existsSync(program) && existsSync(new URL('../dist/.tsbuildinfo', import.meta.url));
if (isCheckout && !isBuilt) {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b', '--stopBuildOnErrors'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(1);
}

// tfjs-node calls functions of util that Node 22 warns of at each start.
process.noDeprecation = true;

const { main } = await import(program.href);
process.exitCode = await main(process.argv.slice(2));
