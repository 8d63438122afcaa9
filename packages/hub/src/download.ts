import { join } from 'node:path';

import { downloadFile, HubApiError, listFiles, modelInfo, type ListFileEntry } from '@huggingface/hub';
import { InputError } from '@reelbert/data';

import { fetchBlob, type Content } from './fetch-blob.js';
import { CachedRepository, isFile } from './hub-cache.js';
import type { HubSettings } from './hub-settings.js';
import { lack, wantedFiles } from './model-files.js';
import { checkRevision, isCommit } from './repository-id.js';
import { readShardIndex } from './shard-index.js';
import { shardIndexFile, weightsFile } from './weight-files.js';

/** A model of a hub, at one revision. */
export interface ModelRequest {
  /** `owner/name`. */
  readonly repository: string;
  /** A commit's full id; a tag or a branch is looked up, and may be another commit tomorrow. */
  readonly revision: string;
}

export interface DownloadedModel {
  /** In the cache; files in it are links. */
  readonly folder: string;
  readonly commit: string;
}

/** Called with the bytes of a file that are there, and with how many there are. */
export type DownloadProgress = (file: string, done: number, total: number) => void;

/**
 * Gets a model's configuration, weights (safetensors alone), tokenizer and image settings into the cache, or finds
 * them there. A download that broke off goes on where it was; each file is checked against the hub's checksum.
 *
 * A commit that is cached whole is taken from there too where the hub can't be reached.
 *
 * @throws InputError if there is no such model, revision or file, or offline if the cache lacks it
 * @throws Error if the hub can't be reached or breaks off
 */
export async function downloadModel(
  request: ModelRequest,
  settings: HubSettings,
  onProgress: DownloadProgress = () => undefined,
): Promise<DownloadedModel> {
  checkRevision(request.revision);
  const cached = new CachedRepository(settings.cache, request.repository);
  if (settings.offline) return findCached(request, cached, settings);
  return download(request, cached, settings, onProgress).catch((error: unknown) => {
    if (error instanceof InputError || !isCommit(request.revision)) throw error;
    return findCached(request, cached, settings).catch(() => Promise.reject(error as Error));
  });
}

async function download(
  request: ModelRequest,
  cached: CachedRepository,
  settings: HubSettings,
  onProgress: DownloadProgress,
): Promise<DownloadedModel> {
  const access = accessTo(request, settings);
  const commit = await access.ask(() => resolveCommit(request, access, cached));
  const entries = new Map<string, ListFileEntry>();
  await access.ask(async () => {
    for await (const entry of listFiles({ ...access.at(commit) })) {
      if (entry.type === 'file') entries.set(entry.path, entry);
    }
  });
  const names = [...entries.keys()];
  const lacking = lack(names);
  if (lacking) throw new InputError({ file: nameOf(request, commit), ...lacking });
  const get = async (name: string) => {
    const content = contentOf(entries.get(name)!);
    const blob = cached.blob(content.id);
    const open = () => downloadFile({ ...access.at(commit), path: name });
    if (!(await isFile(blob))) {
      await access.ask(
        () => fetchBlob(blob, content, open, (done) => onProgress(name, done, content.size)),
        name,
      );
    }
    await cached.link(commit, name, content.id);
  };
  for (const name of wantedFiles(names)) await get(name);
  for (const shard of await shardsIn(cached.snapshot(commit))) {
    if (entries.has(shard)) await get(shard);
  }
  return { folder: cached.snapshot(commit), commit };
}

/** The commit that a branch or tag is at the moment. */
export async function commitOf(request: ModelRequest, settings: HubSettings): Promise<string> {
  const access = accessTo(request, settings);
  return access.ask(() =>
    resolveCommit(request, access, new CachedRepository(settings.cache, request.repository)),
  );
}

async function resolveCommit(
  { repository, revision }: ModelRequest,
  access: Access,
  cached: CachedRepository,
): Promise<string> {
  if (isCommit(revision)) return revision;
  const { sha } = await modelInfo({
    ...access.common,
    name: repository,
    revision,
    additionalFields: ['sha'],
  });
  if (typeof sha !== 'string' || !isCommit(sha)) throw new Error(`the hub gave no commit for '${revision}'`);
  await cached.remember(revision, sha);
  return sha;
}

async function findCached(
  request: ModelRequest,
  cached: CachedRepository,
  { cache }: HubSettings,
): Promise<DownloadedModel> {
  const { revision } = request;
  const commit = isCommit(revision) ? revision : await cached.commitOf(revision);
  const refuse = (found: string) => {
    const expected = `the model in the cache ${cache}, as offline; a run without --offline (and HF_HUB_OFFLINE) gets it`;
    return new InputError({ file: nameOf(request, commit ?? revision), found, expected });
  };
  if (commit === undefined || !isCommit(commit)) throw refuse('nothing');
  const folder = cached.snapshot(commit);
  const names = await cached.files(commit);
  const missing = ['config.json', ...(names.includes(weightsFile) ? [] : [shardIndexFile])].filter(
    (name) => !names.includes(name),
  );
  if (names.length === 0) throw refuse('nothing');
  if (missing.length > 0) throw refuse(`no ${missing.join(', no ')}`);
  const shards = (await shardsIn(folder)).filter((shard) => !names.includes(shard));
  if (shards.length > 0) throw refuse(`no ${shards.join(', no ')}`);
  return { folder, commit };
}

async function shardsIn(folder: string): Promise<string[]> {
  const index = join(folder, shardIndexFile);
  if ((await isFile(join(folder, weightsFile))) || !(await isFile(index))) return [];
  return [...new Set((await readShardIndex(index)).values())];
}

function contentOf({ size, oid, lfs }: ListFileEntry): Content {
  if (lfs) return { size: lfs.size, id: lfs.oid.replace(/^sha256:/, ''), kind: 'sha256' };
  return { size, id: oid!, kind: 'git' };
}

function nameOf({ repository }: ModelRequest, revision: string): string {
  return `${repository}@${revision}`;
}

interface Access {
  readonly common: { readonly hubUrl: string; readonly accessToken?: string };
  at(commit: string): Access['common'] & { readonly repo: string; readonly revision: string };
  /** Runs a request; its failure is said in words that help. */
  ask<T>(what: () => Promise<T>, file?: string): Promise<T>;
}

function accessTo(request: ModelRequest, { url, token }: HubSettings): Access {
  if (token !== undefined && !token.startsWith('hf_')) {
    throw new InputError({
      field: 'HF_TOKEN',
      found: 'something else',
      expected: "a token that begins with 'hf_'",
    });
  }
  const common = { hubUrl: url, ...(token !== undefined && { accessToken: token }) };
  return {
    common,
    at: (revision) => ({ ...common, repo: request.repository, revision }),
    ask: (what, file) => what().catch((error: unknown) => Promise.reject(inWords(error, request, url, file))),
  };
}

function inWords(error: unknown, request: ModelRequest, url: string, file: string | undefined): Error {
  const name = nameOf(request, request.revision);
  if (error instanceof InputError) return error;
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    if (statusCode === 404) {
      return new InputError({ file: name, found: 'no such model or revision', expected: `one of ${url}` });
    }
    if (statusCode === 401 || statusCode === 403) {
      const found = 'no such model, or one that is not open to everyone';
      return new InputError({ file: name, found, expected: `one of ${url}; HF_TOKEN gives access` });
    }
    return new Error(`${name}: ${url} answers with status ${statusCode}; try again later`, { cause: error });
  }
  const { message, cause } = error as Error;
  const reason = cause instanceof Error ? `${message} (${cause.message})` : message;
  const what = file === undefined ? name : `${name}: ${file}`;
  return new Error(`${what}: ${reason}; the same command goes on from what came`, { cause: error });
}
