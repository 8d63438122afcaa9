import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { hubSettings, isRepositoryId } from '../src/index.js';

describe('the environment', () => {
  it("says where the cache is, by Hugging Face's names", () => {
    const cache = (environment: Record<string, string>) => hubSettings(environment).cache;
    expect(cache({})).toBe(join(homedir(), '.cache', 'huggingface', 'hub'));
    expect(cache({ XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'huggingface', 'hub'));
    expect(cache({ XDG_CACHE_HOME: '/x', HF_HOME: '/h' })).toBe(join('/h', 'hub'));
    expect(cache({ HF_HOME: '/h', HF_HUB_CACHE: '/c' })).toBe('/c');
    expect(cache({ HF_HOME: '' })).toBe(cache({}));
  });

  it('says whether to stay offline, and which hub to ask', () => {
    expect(
      ['1', 'true', 'YES', 'on'].map((HF_HUB_OFFLINE) => hubSettings({ HF_HUB_OFFLINE }).offline),
    ).toEqual(Array(4).fill(true));
    expect(hubSettings({ HF_HUB_OFFLINE: '0' })).toMatchObject({
      offline: false,
      url: 'https://huggingface.co',
    });
    expect(hubSettings({ HF_ENDPOINT: 'https://hub.example/' }).url).toBe('https://hub.example');
  });
});

describe("a repository's id", () => {
  it.each(['bert-base-chinese', 'hfl/chinese-macbert-base', 'openai/clip-vit-base-patch32', 'a/b_c.d'])(
    '%s',
    (id) => {
      expect(isRepositoryId(id)).toBe(true);
    },
  );
  it.each(['', '/a', './a', '../a', 'a/b/c', 'a//b', '.a', 'a/.b', 'a..b', 'a--b/c', 'a.git', 'a b'])(
    'is not %j',
    (id) => {
      expect(isRepositoryId(id)).toBe(false);
    },
  );
});
