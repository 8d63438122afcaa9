import { afterEach, expect, it, vi } from 'vitest';
import { runEngineCommand } from '../src/command.js';

async function run(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  let out = '';
  let error = '';
  const status = await runEngineCommand(args, {
    out: (text) => (out += `${text}\n`),
    error: (text) => (error += text),
    terminal: false,
  });
  return { status, out, error };
}

afterEach(() => vi.unstubAllEnvs());

it('explains itself', async () => {
  expect((await run('--help')).out).toContain('reelbert-engine setup');
});

it.each([[[]], [['fly']], [['setup', '--fast']], [['setup', '--cpu', '--cuda']], [['setup', 'doctor']]])(
  'refuses %j with status 2',
  async (args) => {
    const { status, out, error } = await run(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(error).toContain('Usage');
  },
);

it('gives the report as JSON alone on standard output', async () => {
  const { status, out } = await run('doctor', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(out)).toHaveProperty('backend.backend');
});

it('ends with status 1 and what to do where the set-up cannot go on', async () => {
  vi.stubEnv('REELBERT_CACHE', '/dev/null/cache');
  const { status, out, error } = await run('setup');
  expect({ status, out }).toEqual({ status: 1, out: '' });
  expect(error).toMatch(/can't be written[\s\S]*What to do: set REELBERT_CACHE/);
});
