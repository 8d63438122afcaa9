import { expect, it } from 'vitest';
import { chooseVariant } from '../../src/setup/variant.js';
import { temporaryFolder } from '../temporary-folder.js';

it('a choice is remembered until another is made', async () => {
  const cache = await temporaryFolder();
  const detected = await chooseVariant(cache, undefined);
  expect(await chooseVariant(cache, 'cuda')).toBe('cuda');
  expect(await chooseVariant(cache, undefined)).toBe('cuda');
  expect(await chooseVariant(cache, 'cpu')).toBe('cpu');
  expect(await chooseVariant(cache, undefined)).toBe('cpu');
  expect(await chooseVariant(cache, 'auto')).toBe(detected);
});
