import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository of the server. */
export interface ServedModel {
  /** Files by path. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly commit: string;
  /** Branches and tags, all at `commit`. */
  readonly refs?: readonly string[];
  readonly token?: string;
}

const hash = (algorithm: string, ...parts: (string | Uint8Array)[]) =>
  parts.reduce((state, part) => state.update(part), createHash(algorithm)).digest('hex');

/**
 * A hub as far as models are downloaded from it: revision, tree and resolve, the latter redirecting large files
 * (`*.safetensors`) to a store that serves ranges.
 */
export class HubServer {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #models = new Map<string, ServedModel>();
  /** `METHOD path` of each request, with the range asked for. */
  readonly requests: string[] = [];
  /** Breaks off after so many bytes of a large file, so many times. */
  breakOff: { after: number; times: number } | undefined;
  /** Changes what is sent of large files. */
  spoil: ((bytes: Buffer) => Buffer) | undefined;
  status: number | undefined;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  serve(repository: string, model: ServedModel): void {
    this.#models.set(repository, model);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url!, this.url).pathname);
    this.requests.push([request.method, path, request.headers.range].filter(Boolean).join(' '));
    if (this.status !== undefined) return this.#fail(response, this.status);
    for (const [repository, model] of this.#models) {
      const revisions = [model.commit, ...(model.refs ?? [])];
      const [api, resolve, store] = [
        `/api/models/${repository}`,
        `/${repository}/resolve`,
        `/store/${repository}/`,
      ];
      if (path.startsWith(store))
        return this.#send(request, response, model.files[path.slice(store.length)]!, true);
      if (![api, resolve].some((start) => path.startsWith(`${start}/`))) continue;
      if (model.token !== undefined && request.headers.authorization !== `Bearer ${model.token}`) {
        return this.#fail(response, 401);
      }
      const revision = revisions.find((name) =>
        [`${api}/revision/${name}`, `${api}/tree/${name}`, `${resolve}/${name}/`].some((p) =>
          path.startsWith(p),
        ),
      );
      if (revision === undefined) return this.#fail(response, 404);
      if (path.startsWith(`${api}/revision`))
        return this.#json(response, { _id: '1', id: repository, sha: model.commit });
      if (path.startsWith(`${api}/tree`))
        return this.#json(response, Object.entries(model.files).map(treeEntry));
      const name = path.slice(`${resolve}/${revision}/`.length);
      const content = model.files[name];
      if (!content) return this.#fail(response, 404, { 'X-Error-Code': 'EntryNotFound' });
      if (!name.endsWith('.safetensors')) return this.#send(request, response, content, false);
      response.writeHead(302, {
        location: `${this.url}${store}${name}`,
        'x-linked-size': String(content.length),
        'x-linked-etag': `"${hash('sha256', content)}"`,
      });
      response.end();
      return;
    }
    this.#fail(response, 404);
  }

  #send(request: IncomingMessage, response: ServerResponse, content: Uint8Array, large: boolean): void {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [from, to] = range
      ? [Number(range[1]), Math.min(Number(range[2]) + 1, content.length)]
      : [0, content.length];
    const whole = Buffer.from(content.subarray(from, to));
    const bytes = large && this.spoil && whole.length > 1 ? this.spoil(whole) : whole;
    response.writeHead(range ? 206 : 200, {
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      etag: `"${hash('sha256', content)}"`,
      ...(range && { 'content-range': `bytes ${from}-${to - 1}/${content.length}` }),
    });
    if (large && bytes.length > 1 && this.breakOff && this.breakOff.times-- > 0) {
      response.write(bytes.subarray(0, this.breakOff.after), () => setTimeout(() => response.destroy(), 50));
      return;
    }
    response.end(bytes);
  }

  #json(response: ServerResponse, value: unknown): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  }

  #fail(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: `status ${status}` }));
  }
}

function treeEntry([path, content]: [string, Uint8Array]): object {
  const pointer = { oid: hash('sha256', content), size: content.length, pointerSize: 130 };
  const size = content.length;
  const oid = hash('sha1', `blob ${size}\0`, content);
  return { type: 'file', path, size, oid, ...(path.endsWith('.safetensors') && { lfs: pointer }) };
}
