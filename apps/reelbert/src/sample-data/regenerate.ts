/** Makes the files of the sample data that are kept in the repository anew; takes a folder for the downloads. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { makeEmbeddedSample } from './make-embedded-sample.js';
import { makeSampleData } from './make-sample-data.js';

const cacheDir = process.argv[2];
if (cacheDir === undefined) {
  process.stderr.write('usage: regenerate.js CACHE\n');
  process.exit(2);
}
const { clips, bytes } = await makeEmbeddedSample({ cacheDir });
process.stdout.write(`embedded sample: ${clips} clips, ${bytes} bytes\n`);

const fixture = fileURLToPath(new URL('../../tests/fixtures/clips/', import.meta.url));
await rm(fixture, { recursive: true, force: true });
const { counts } = await makeSampleData({ source: 'embedded', out: fixture, limit: 12 });
process.stdout.write(`test clips: ${JSON.stringify(counts)}\n`);
