import { describe, expect, it } from 'vitest';
import { buildCatalogue } from '../src/sample-data/catalogue.js';
import {
  categoryId,
  conceptOf,
  normaliseHexcode,
  orderByHash,
  roundHalfToEven,
  spacedFrames,
  stableHash,
  textsOf,
  titleOf,
} from '../src/sample-data/protocol.js';

describe('hash', () => {
  // int(hashlib.sha256(b'802:1f600').hexdigest()[:16], 16)
  it('is the first 16 digits of SHA-256 over the parts joined by colons', () => {
    expect(stableHash(802, '1f600')).toBe(17689697542562807808n);
    expect(stableHash('tag', '1f600', '笑')).toBe(7456433583325000865n);
    expect(stableHash('drop', '1f600', 1)).toBe(11491966120711884993n);
    expect(stableHash('drop', '1f600', 2)).toBe(6411136161066119515n);
  });

  it('orders whatever the order of the items', () => {
    const hash = (item: string) => stableHash('x', item);
    expect(orderByHash(['a', 'b', 'c', 'd'], hash)).toEqual(orderByHash(['d', 'b', 'a', 'c'], hash));
  });
});

describe('names', () => {
  it('drop the variation selector and the case', () => {
    expect(normaliseHexcode('1F481-1F3FB-200D-2640-FE0F')).toBe('1f481-1f3fb-200d-2640');
    expect(normaliseHexcode('0023-FE0F-20E3')).toBe('0023-20e3');
  });

  it.each([
    ['1f469-200d-1f680', '1f9d1-200d-1f680'],
    ['1f3c3-200d-2640-200d-27a1', '1f3c3'],
    ['1f466', '1f9d2'],
    ['1f469-200d-1f469-200d-1f467', '1f9d1-200d-1f9d1-200d-1f9d2'],
    ['1f431', '1f431'],
  ])('join variants: the concept of %s is %s', (base, concept) => {
    expect(conceptOf(base)).toBe(concept);
  });

  it('have group and subgroup in their category', () => {
    expect(categoryId(3, 8)).toBe('0308');
    expect(categoryId(9, 98)).toBe('0998');
  });

  it('lose a leading 旗 or 按键 with its colon, and nothing else', () => {
    expect(titleOf('旗: 中国')).toBe('中国');
    expect(titleOf('按键: #')).toBe('#');
    expect(titleOf('旗袍')).toBe('旗袍');
    expect(titleOf('男人: 红发')).toBe('男人: 红发');
  });
});

describe('texts', () => {
  const tags = ['一', '二', '三', '四', '五', '六', '七', '八', '题', '旗'];

  it('deal six tags alternately, without the title', () => {
    const bases = Array.from({ length: 200 }, (_, index) => `base-${index}`);
    const both = bases
      .map((base) => textsOf(base, '题', tags))
      .filter(({ ocr, asr }) => ocr.length > 0 && asr);
    expect(both.length).toBeGreaterThan(30);
    for (const { ocr, asr } of both) {
      const dealt = [...(ocr[0]?.text.split(',') ?? []), ...asr.split(',')];
      expect(new Set(dealt).size).toBe(6);
      expect(ocr[0]?.text.split(',')).toHaveLength(3);
      expect(dealt).not.toContain('题');
      expect(dealt).not.toContain('旗');
    }
  });

  it('are missing about half the time, independently', () => {
    const texts = Array.from({ length: 1000 }, (_, index) => textsOf(`base-${index}`, '题', tags));
    const withOcr = texts.filter(({ ocr }) => ocr.length > 0);
    expect(withOcr.length).toBeGreaterThan(450);
    expect(withOcr.length).toBeLessThan(550);
    expect(texts.filter(({ asr }) => asr).length).toBeGreaterThan(450);
    expect(withOcr.filter(({ asr }) => asr).length).toBeLessThan(300);
  });

  it('are empty without tags', () => {
    expect(textsOf('1f600', '题', [])).toEqual({ title: '题', ocr: [], asr: '' });
  });
});

describe('numbers', () => {
  it('round halves to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, 4.5, 2.4, 2.6, 3].map(roundHalfToEven)).toEqual([0, 2, 2, 4, 2, 3, 3]);
  });

  it('space frames uniformly, and take all of a short clip', () => {
    expect(spacedFrames(72, 8)).toEqual([0, 9, 18, 27, 36, 45, 54, 63]);
    expect(spacedFrames(73, 8)).toEqual([0, 9, 18, 27, 36, 45, 54, 63]);
    expect(spacedFrames(3, 8)).toEqual([0, 1, 2]);
    expect(spacedFrames(1, 8)).toEqual([0]);
  });
});

describe('catalogue', () => {
  const records = [
    { hexcode: '2764-FE0F', label: '红心', tags: ['爱'], group: 0, subgroup: 9 },
    {
      hexcode: '1F469-200D-1F680',
      label: '女宇航员',
      group: 1,
      subgroup: 24,
      skins: [{ hexcode: '1F469-1F3FB-200D-1F680', tone: 1 }],
    },
    {
      hexcode: '1F46B',
      label: '牵手',
      group: 1,
      subgroup: 27,
      skins: [{ hexcode: '1F46B-1F3FB', tone: [1, 2] }],
    },
    { hexcode: '1F1E6', label: '区域指标 A' },
  ];

  it('matches names with and without the variation selector, in order of package and file name', () => {
    const clips = buildCatalogue(records, [
      { package: 'one', files: ['2764.webp', '1f469-1f3fb-200d-1f680.webp'] },
      {
        package: 'two',
        files: ['2764-fe0f.webp', '1f469-200d-1f680.webp', '1f1e6.webp', 'a9.webp', '1f46b-1f3fb.webp'],
      },
    ]);
    expect(clips.map((clip) => `${clip.package}/${clip.file}`)).toEqual([
      'one/1f469-1f3fb-200d-1f680.webp',
      'one/2764.webp',
      'two/1f469-200d-1f680.webp',
      'two/1f46b-1f3fb.webp',
    ]);
    expect(clips[0]).toMatchObject({ base: '1f469-200d-1f680', concept: '1f9d1-200d-1f680', tone: [1] });
    expect(clips[1]).toMatchObject({ id: '2764', category: '0009', title: '红心', tags: ['爱'], tone: [] });
    expect(clips[3]).toMatchObject({ base: '1f46b', title: '牵手', tone: [1, 2] });
  });
});
