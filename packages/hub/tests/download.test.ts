import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { commitOf, downloadModel, openModelFolder, readBert, type HubSettings } from '../src/index.js';
import { fixture, newPath, refusal } from './folders.js';
import { HubServer } from './hub-server.js';

const commit = 'c0ffee'.padEnd(40, '0');
const server = new HubServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const filesOf = (name: string) =>
  Object.fromEntries(
    readdirSync(fixture(name)).map((file) => [file, readFileSync(join(fixture(name), file))]),
  );
const whole = filesOf('bert-model');
let settings: HubSettings;
beforeEach(() => {
  settings = { url: server.url, cache: newPath(), offline: false, token: undefined };
  Object.assign(server, { breakOff: undefined, spoil: undefined, status: undefined });
  server.requests.length = 0;
  server.serve('owner/bert', {
    files: { ...whole, 'README.md': Buffer.from('#'), 'onnx/model.safetensors': Buffer.from('?') },
    commit,
    refs: ['main', 'refs/pr/1'],
  });
  server.serve('owner/shards', { files: filesOf('bert-shards'), commit });
});

const get = (repository: string, revision: string = commit, over: Partial<HubSettings> = {}) =>
  downloadModel({ repository, revision }, { ...settings, ...over });

describe('a download', () => {
  it("brings a model's files, each checked, and no others, in the layout of Python's cache", async () => {
    const seen: string[] = [];
    const { folder, commit: at } = await downloadModel(
      { repository: 'owner/bert', revision: commit },
      settings,
      (file, done, total) => seen.push(`${file} ${done}/${total}`),
    );
    expect(at).toBe(commit);
    expect(folder).toBe(join(settings.cache, 'models--owner--bert', 'snapshots', commit));
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors', 'vocab.txt']);
    const file = join(folder, 'model.safetensors');
    expect(readFileSync(file)).toEqual(whole['model.safetensors']);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readlinkSync(file)).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    const size = whole['model.safetensors']!.length;
    expect(seen).toContain(`model.safetensors ${size}/${size}`);
    await readBert(await openModelFolder(folder));
  });

  it('brings all shards', async () => {
    const { folder } = await get('owner/shards');
    expect(readdirSync(folder).filter((name) => name.startsWith('model-'))).toHaveLength(2);
    await readBert(await openModelFolder(folder));
  });

  it('looks up branches and tags, and keeps what they were', async () => {
    expect(await commitOf({ repository: 'owner/bert', revision: 'main' }, settings)).toBe(commit);
    expect((await get('owner/bert', 'refs/pr/1')).commit).toBe(commit);
    const offline = await get('owner/bert', 'main', { offline: true });
    expect(offline.commit).toBe(commit);
  });

  it('asks for no content that is there', async () => {
    await get('owner/bert');
    server.requests.length = 0;
    await get('owner/bert');
    expect(server.requests).toEqual([`GET /api/models/owner/bert/tree/${commit}`]);
  });

  it('goes on where it broke off', async () => {
    server.breakOff = { after: 3000, times: 1 };
    await expect(get('owner/bert')).rejects.toThrow(
      /owner\/bert@.*model\.safetensors: .*goes on from what came/,
    );
    const blobs = join(settings.cache, 'models--owner--bert', 'blobs');
    const [left] = readdirSync(blobs).filter((name) => name.endsWith('.incomplete'));
    expect(statSync(join(blobs, left!)).size).toBe(3000);
    server.requests.length = 0;
    const { folder } = await get('owner/bert');
    const size = whole['model.safetensors']!.length;
    expect(server.requests).toContainEqual(expect.stringMatching(`bytes=3000-${size - 1}$`));
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(whole['model.safetensors']);
  });

  it('throws away what has another checksum, and gets it anew', async () => {
    server.spoil = (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)]);
    await expect(get('owner/bert')).rejects.toThrow(/damaged/);
    const folder = join(settings.cache, 'models--owner--bert', 'snapshots', commit);
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(false);
    server.spoil = undefined;
    await get('owner/bert');
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(whole['model.safetensors']);
  });

  it('shows a token to the hub where it has one', async () => {
    server.serve('owner/closed', { files: whole, commit, token: 'hf_secret' });
    expect(await refusal(get('owner/closed'))).toMatch(/not open to everyone.*HF_TOKEN/);
    expect(await refusal(get('owner/closed', commit, { token: 'secret' }))).toMatch(/HF_TOKEN.*'hf_'/);
    expect((await get('owner/closed', commit, { token: 'hf_secret' })).commit).toBe(commit);
  });
});

describe('offline', () => {
  it('takes what is cached and asks nobody', async () => {
    const online = await get('owner/shards');
    server.requests.length = 0;
    expect(await get('owner/shards', commit, { offline: true })).toEqual(online);
    expect(server.requests).toEqual([]);
  });

  it('says what the cache lacks', async () => {
    expect(await refusal(get('owner/bert', commit, { offline: true }))).toMatch(
      /owner\/bert@c0ffee0+: found nothing; expected the model in the cache .*--offline/,
    );
    expect(await refusal(get('owner/bert', 'main', { offline: true }))).toMatch(/found nothing/);
    const { folder } = await get('owner/shards');
    rmSync(join(folder, 'model-00002-of-00002.safetensors'));
    expect(await refusal(get('owner/shards', commit, { offline: true }))).toMatch(/no model-00002-of-00002/);
    rmSync(join(folder, 'model.safetensors.index.json'));
    expect(await refusal(get('owner/shards', commit, { offline: true }))).toMatch(
      /no model\.safetensors\.index/,
    );
  });
});

describe('refused, by name,', () => {
  it('is a model or revision that is not there', async () => {
    expect(await refusal(get('owner/none'))).toMatch(/owner\/none@.*no such model or revision/);
    expect(await refusal(get('owner/bert', 'a'.repeat(40)))).toMatch(/no such model or revision/);
    expect(await refusal(get('owner/bert', 'v9'))).toMatch(/owner\/bert@v9.*no such model or revision/);
  });

  it.each(['../x', 'a/../b', '', '/etc', 'a b', '.'])(
    'is a revision that can be none: %j',
    async (revision) => {
      expect(await refusal(get('owner/bert', revision))).toMatch(/revision: found/);
      expect(server.requests).toEqual([]);
    },
  );

  it('is a model with pickled weights alone, or none', async () => {
    server.serve('owner/pickled', {
      files: { 'config.json': whole['config.json']!, 'pytorch_model.bin': Buffer.of(1) },
      commit,
    });
    expect(await refusal(get('owner/pickled'))).toMatch(/'pytorch_model\.bin'.*refs\/pr.*save_pretrained/);
    server.serve('owner/empty', { files: { 'config.json': whole['config.json']! }, commit });
    expect(await refusal(get('owner/empty'))).toMatch(/no weights/);
    expect(existsSync(settings.cache)).toBe(false);
  });

  it('is an index that names files elsewhere', async () => {
    const index = JSON.stringify({ weight_map: { a: '../../../model.safetensors' } });
    server.serve('owner/evil', {
      files: { 'config.json': whole['config.json']!, 'model.safetensors.index.json': Buffer.from(index) },
      commit,
    });
    expect(await refusal(get('owner/evil'))).toMatch(/same folder/);
  });

  it('but a hub that fails or is not there is no wrong input', async () => {
    server.status = 503;
    await expect(get('owner/bert')).rejects.toThrow(/status 503; try again/);
    const elsewhere = get('owner/bert', commit, { url: 'http://127.0.0.1:1' });
    await expect(elsewhere).rejects.toThrow(/owner\/bert@.*fetch failed/);
  });
});

it('a commit that is cached whole needs no hub', async () => {
  const online = await get('owner/shards');
  expect(await get('owner/shards', commit, { url: 'http://127.0.0.1:1' })).toEqual(online);
  server.status = 500;
  expect(await get('owner/shards')).toEqual(online);
});

it('a cache in which a file was put by hand is not overwritten', async () => {
  await get('owner/bert');
  const blobs = join(settings.cache, 'models--owner--bert', 'blobs');
  const [blob] = readdirSync(blobs);
  writeFileSync(join(blobs, blob!), 'mine');
  await get('owner/bert');
  expect(readFileSync(join(blobs, blob!), 'utf8')).toBe('mine');
});
