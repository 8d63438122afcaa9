import { join } from 'node:path';

import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

import { root } from './workspace.js';

async function messages(file: string, code: string): Promise<string[]> {
  const eslint = new ESLint({ cwd: root });
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  return result!.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

describe('lint refuses', () => {
  it('TensorFlow in a pure package', async () => {
    const found = await messages('packages/data/src/x.ts', "import '@tensorflow/tfjs-core';\n");
    expect(found).toEqual([expect.stringMatching(/enforce-module-boundaries.*not allowed to import/)]);
  });

  it('an import of a higher layer', async () => {
    const found = await messages('packages/losses/src/x.ts', "import '@reelbert/visual-bert';\n");
    expect(found).toEqual([expect.stringMatching(/enforce-module-boundaries/)]);
  });

  it('a backend named outside of engine and compiler', async () => {
    const found = await messages('packages/trainer/src/x.ts', "import '@tensorflow/tfjs-node-gpu';\n");
    expect(found).toEqual([expect.stringMatching(/enforce-module-boundaries.*not allowed to import/)]);
  });

  it('a default export, and randomness without a key', async () => {
    const code = 'const x = Math.random();\nexport default x;\n';
    expect(await messages('packages/data/src/x.ts', code)).toEqual([
      expect.stringMatching(/Randomness takes a key/),
      expect.stringMatching(/Name what you export/),
    ]);
  });

  it('a tensor drawn without a key', async () => {
    const code =
      "import * as tf from '@tensorflow/tfjs-core';\nexport const x = tf.dropout(tf.randomNormal([2]), 0.1);\n";
    expect(await messages('packages/losses/src/x.ts', code)).toEqual([
      expect.stringMatching(/drawn by a key/),
      expect.stringMatching(/drawn by a key/),
    ]);
  });

  it('nothing of an import downwards', async () => {
    expect(await messages('packages/losses/src/x.ts', "import '@reelbert/engine';\n")).toEqual([]);
  });
});
