import type { SampleDataCounts, SampleDataSettings } from './manifest.js';
import { animationPackages, namesPackage } from './packages.js';

const sources = [
  ...animationPackages.map(({ name, version }) => `- ${name} ${version}: the animations`),
  `- ${namesPackage.name} ${namesPackage.version}: Chinese names, tags and categories`,
].join('\n');

/** The licence notices that go with every copy of the clips. */
export function licenceText(): string {
  return `The clips and texts in this folder are made from packages published on npm under the MIT License:

${sources}

Fluent Emoji: Copyright (c) Microsoft Corporation
Animations as published by LobeHub: Copyright (c) 2023 LobeHub
emojibase-data: Copyright (c) 2017-2019 Miles Johnson; its names and tags derive from Unicode CLDR,
Copyright (c) Unicode, Inc.

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;
}

/** `README.md` of a data set: what it is, where from, how it was split. */
export function readmeText(
  source: 'full' | 'embedded',
  settings: SampleDataSettings,
  counts: SampleDataCounts,
): string {
  const { splitSeed, labelledShare, size, framesPerClip, limit } = settings;
  return `# Sample data

Short clips with Chinese texts and two-level categories, made of animated emoji and their names${
    source === 'embedded' ? ' (the sample that comes with the program: clips without skin tones)' : ''
  }.
Sources, all under the MIT License (\`LICENSE.txt\`), their checksums in \`manifest.json\`:

${sources}

| | |
|---|---|
| clips | ${counts.clips} of ${counts.bases} emoji |
| categories | ${counts.level1} on level 1, ${counts.level2} on level 2 |
| \`unlabelled.json\` | ${counts.unlabelled} clips without \`category_id\` |
| \`labelled.json\` | ${counts.labelled} of them with \`category_id\` |
| \`test.json\` | ${counts.test} other clips with \`category_id\` |
| frames | up to ${framesPerClip} a clip, ${size} x ${size} pixels, on white, in \`frames/<last three of id>/<id>.zip\` |
| split seed, labelled share | ${splitSeed}, ${labelledShare}${limit === null ? '' : `; limited to ${limit} clips`} |

The split is by concept: an emoji's skin tones, genders and directions are all on one side of it. \`manifest.json\`
names each clip's \`concepts\`, and in \`groups\` the base emoji of each unlabelled clip, so that an epoch may take one
random tone of each. \`labels.json\` lists the categories, \`vocab.txt\` is a vocabulary of the unlabelled texts.
`;
}
