import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import 'sharp'; // its library must be loaded here before it is in a worker, or it is unloaded with the first of them

import { countFrames, FrameError } from './frame-archive.js';
import type { ImageLoader, VideoImages } from './frame-loading.js';
import type { FrameReply, FrameRequest } from './frame-worker.js';

/** The worker as it was built: Node runs no TypeScript. The same place from `src` and from `dist`. */
const worker = new URL('../dist/frame-worker.js', import.meta.url);

interface Job {
  readonly request: FrameRequest;
  readonly resolve: (video: VideoImages) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Worker threads that read, decode and resize frames, so that the thread that trains or encodes doesn't. They start
 * when there is work, a video each at a time, and don't keep the process alive without. `close` ends them.
 */
export class FramePool {
  readonly #idle: Worker[] = [];
  readonly #running = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #closed = false;

  /** @param threads at most so many videos are loaded at a time */
  constructor(readonly threads = availableParallelism()) {}

  /** `loadImages` of this package, in a worker thread; a function of `indices` is called in this one. */
  readonly loadImages: ImageLoader = async (folder, id, { indices, ...options }) => {
    const chosen = typeof indices === 'function' ? indices(await countFrames(folder, id)) : indices;
    const request = { folder, id, options: { ...options, ...(chosen && { indices: chosen }) } };
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('the pool of decoding threads is closed');
      this.#waiting.push({ request, resolve, reject });
      this.#start();
    });
  };

  /** Ends the threads; what they were asked for and hadn't done is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const jobs = [...this.#running.values(), ...this.#waiting];
    const workers = [...this.#running.keys(), ...this.#idle];
    this.#running.clear();
    this.#waiting.length = 0;
    this.#idle.length = 0;
    for (const { reject } of jobs) reject(new Error('the pool of decoding threads was closed'));
    await Promise.all(workers.map((thread) => thread.terminate()));
  }

  /** Gives waiting jobs to threads that have none. */
  #start(): void {
    while (this.#waiting.length > 0 && this.#running.size < this.threads) {
      const thread = this.#idle.pop() ?? this.#newThread();
      const job = this.#waiting.shift()!;
      this.#running.set(thread, job);
      thread.ref();
      thread.postMessage(job.request);
    }
  }

  #newThread(): Worker {
    const thread = new Worker(worker, { execArgv: [] }); // no flags of a script that is no file
    thread.on('message', (reply: FrameReply) => {
      const job = this.#running.get(thread);
      if (!job) return;
      this.#running.delete(thread);
      this.#idle.push(thread);
      thread.unref();
      settle(job, reply);
      this.#start();
    });
    thread.on('error', (error) => this.#lose(thread, error));
    thread.on('exit', (code) => this.#lose(thread, new Error(`a decoding thread ended with status ${code}`)));
    return thread;
  }

  /** A thread is gone: its job fails, the others go on in other threads. */
  #lose(thread: Worker, error: unknown): void {
    this.#running.get(thread)?.reject(error);
    this.#running.delete(thread);
    const place = this.#idle.indexOf(thread);
    if (place >= 0) this.#idle.splice(place, 1);
    this.#start();
  }
}

function settle({ resolve, reject }: Job, reply: FrameReply): void {
  if ('video' in reply) resolve(reply.video);
  else reject('problem' in reply ? new FrameError(reply.problem.kind, reply.problem.details) : reply.error);
}
