import { createProgram } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';
import { applyAdamW, trainingSettings, type OptimizerSettings, type ParameterRule } from '../src/index.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await startBackend();
});

const rule: ParameterRule = { name: 'p', shape: [], learningRate: 0.01, weightDecay: 0.1, frozen: false };

/** The values of p after updates with these gradients; NaN is a step that isn't finite, null one without gradient. */
async function optimize(
  settings: Partial<OptimizerSettings>,
  gradients: (number | null)[],
): Promise<number[]> {
  const program = createProgram({ mode: 'eager' });
  const scalar = (value: number) => ({ dtype: 'float32' as const, shape: [], data: Float32Array.of(value) });
  const parameters = new Map([['p', program.variable('p', [])]]);
  const optimizer = {
    m: new Map([['p', program.variable('m', [])]]),
    v: new Map([['p', program.variable('v', [])]]),
    beta1Power: program.variable('beta1Power', []),
    beta2Power: program.variable('beta2Power', []),
  };
  await program.write({
    p: scalar(1),
    m: scalar(0),
    v: scalar(0),
    beta1Power: scalar(0.9),
    beta2Power: scalar(0.999),
  });
  const full = { ...trainingSettings().optimizer, ...settings };
  const apply = (gradient: tf.Tensor | undefined, finite: tf.Tensor) => {
    const named = new Map(gradient ? [['p', gradient]] : []);
    applyAdamW(full, { parameters, rules: [rule], optimizer }, named, tf.scalar(1), finite);
    return {};
  };
  program.define('update', ({ gradient, finite }) => apply(gradient, tf.cast(finite!, 'bool')));
  const values: number[] = [];
  for (const gradient of gradients) {
    const finite = scalar(Number.isNaN(gradient) ? 0 : 1);
    await program.run('update', { ...(gradient !== null && { gradient: scalar(gradient || 0) }), finite });
    values.push((await program.read(['p'])).p!.data[0]!);
  }
  program.dispose();
  return values;
}

describe('AdamW', () => {
  test("is torch's: decay first, epsilon beside the corrected root", async () => {
    // p = torch.nn.Parameter(torch.tensor(1.)); o = torch.optim.AdamW([p], lr=.01, weight_decay=.1, eps=1e-6)
    // p.grad = torch.tensor(.1); o.step()  ->  1 * (1 - .001) - .01 * .1 / (.1 + 1e-6)
    const [p] = await optimize({ kind: 'adamw', epsilon: 1e-6 }, [0.1]);
    expect(p).toBeCloseTo(0.9890001, 6);
  });

  test("is transformers' former one as `adamw-reference`: epsilon unscaled, decay of the updated value", async () => {
    // 1 - .01 * sqrt(.001) / .1 * .01 / (sqrt(1e-5) + 1e-6) = .9900031613; that times 1 - .001 = .9890131581
    const [p] = await optimize({ kind: 'adamw-reference', epsilon: 1e-6 }, [0.1]);
    expect(p).toBeCloseTo(0.9890131581, 6);
  });

  test('follows Adam by hand over many steps', async () => {
    const gradients = [0.1, -0.3, 0.02, 0.5, -0.1, 0.4];
    const values = await optimize({ kind: 'adamw', epsilon: 1e-3 }, gradients);
    let [p, m, v] = [1, 0, 0];
    gradients.forEach((g, i) => {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const [mean, root] = [m / (1 - 0.9 ** (i + 1)), Math.sqrt(v / (1 - 0.999 ** (i + 1)))];
      p = p * (1 - 0.01 * 0.1) - (0.01 * mean) / (root + 1e-3);
      expect(values[i]).toBeCloseTo(p, 5);
    });
  });

  test.each(['adamw', 'adamw-reference'] as const)(
    '%s: a step that is not finite leaves no trace',
    async (kind) => {
      const disturbed = await optimize({ kind }, [NaN, 0.1, NaN, NaN, -0.3, 0.2]);
      const undisturbed = await optimize({ kind }, [0.1, -0.3, 0.2]);
      expect(disturbed).toEqual([
        1,
        undisturbed[0],
        undisturbed[0],
        undisturbed[0],
        undisturbed[1],
        undisturbed[2],
      ]);
    },
  );

  test('leaves a parameter without gradient alone, decay included', async () => {
    expect(await optimize({}, [null, null])).toEqual([1, 1]);
  });
});
