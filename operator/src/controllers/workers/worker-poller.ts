/**
 * Asks the pages of the streams' workers: at once when a pod's readiness or its restarts changed, sooner
 * again while a stream begins or is unwell, else every 10 s. One timer a stream, a bounded number of
 * questions at a time, and a word to the stream's controller only when something is new that means something.
 */
import type { Clock } from '../../kube/clock.ts';
import { within } from '../../kube/clock.ts';
import { type Role, readFacts, sameFacts, type WorkerFacts } from './worker-facts.ts';

/** One page that is asked. */
export interface PollTarget {
  podUid: string;
  role: Role;
  url: string;
  /** whatever indicates that the answer may have changed: readiness, restarts */
  stamp: string;
}

/** The page's JSON. Rejects when there is none. */
export type FetchPage = (url: string, signal: AbortSignal) => Promise<unknown>;

export interface PollerOptions {
  clock: Clock;
  fetch: FetchPage;
  /** Something is new of this stream. Must not throw. */
  onNews: (key: string) => void;
  /** questions at a time, default 32 */
  concurrency?: number;
}

/** Time limit of one request, in milliseconds. */
const LIMIT = 2_000;
/** Time between two questions, in milliseconds. */
const STEADY = 10_000;
const SOON = 3_000;
const JITTER = 0.2;

interface Stream {
  targets: readonly PollTarget[];
  facts: Map<string, WorkerFacts | null>;
  cancel: () => void;
  /** raised with each new round: an answer of an earlier one is not taken */
  round: number;
}

export class WorkerPoller {
  readonly #options: Required<PollerOptions>;
  readonly #streams = new Map<string, Stream>();
  readonly #waiting: (() => void)[] = [];
  readonly #stop = new AbortController();
  #asking = 0;

  constructor(options: PollerOptions) {
    this.#options = { concurrency: 32, ...options };
  }

  /** Polls these pages for the stream from now on, instead of earlier ones; none ends its polling. */
  follow(key: string, targets: readonly PollTarget[]): void {
    const before = this.#streams.get(key);
    if (targets.length === 0) {
      this.#forget(key);
      return;
    }
    if (before && stamps(before.targets) === stamps(targets)) return;
    const kept = targets.map((target): [string, WorkerFacts | null] => {
      return [idOf(target), before?.facts.get(idOf(target)) ?? null];
    });
    before?.cancel();
    const round = (before?.round ?? 0) + 1;
    const stream: Stream = { targets, facts: new Map(kept), cancel: () => {}, round };
    this.#streams.set(key, stream);
    void this.#ask(key, stream);
  }

  /** What the role in that pod said last; null when it did not answer, or was not asked yet. */
  facts(key: string, podUid: string, role: Role): WorkerFacts | null {
    return this.#streams.get(key)?.facts.get(idOf({ podUid, role })) ?? null;
  }

  /** Streams that are followed. */
  get size(): number {
    return this.#streams.size;
  }

  /** Forgets all of them: another process acts now. */
  clear(): void {
    for (const key of [...this.#streams.keys()]) this.#forget(key);
  }

  /** Ends all polling, when the process ends. */
  close(): void {
    this.#stop.abort();
    this.clear();
  }

  #forget(key: string): void {
    this.#streams.get(key)?.cancel();
    this.#streams.delete(key);
  }

  async #ask(key: string, stream: Stream): Promise<void> {
    const answers = await Promise.all(stream.targets.map((target) => this.#page(target)));
    if (this.#streams.get(key) !== stream) return; // other pages by now
    let news = false;
    stream.targets.forEach((target, index) => {
      const answer = answers[index] ?? null;
      news ||= !sameFacts(stream.facts.get(idOf(target)) ?? null, answer);
      stream.facts.set(idOf(target), answer);
    });
    const { clock, onNews } = this.#options;
    const spread = 1 + JITTER * (2 * clock.random() - 1);
    stream.cancel = clock.after((answers.every(isSteady) ? STEADY : SOON) * spread, () => {
      void this.#ask(key, stream);
    });
    if (news) onNews(key);
  }

  async #page({ url, role }: PollTarget): Promise<WorkerFacts | null> {
    const { clock, fetch } = this.#options;
    await this.#turn();
    try {
      const ask = (signal: AbortSignal): Promise<unknown> => fetch(url, signal);
      return readFacts(await within(clock, LIMIT, 'no answer in time', ask, this.#stop.signal), role);
    } catch {
      return null; // the worker is starting, or is gone: its pod shows which
    } finally {
      this.#asking--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#asking >= this.#options.concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#asking++;
  }
}

const idOf = ({ podUid, role }: Pick<PollTarget, 'podUid' | 'role'>): string => `${podUid}/${role}`;

const stamps = (targets: readonly PollTarget[]): string =>
  targets.map((target) => `${idOf(target)} ${target.url} ${target.stamp}`).join('\n');

/** Running well for a while: nothing is expected to change soon. */
const isSteady = (facts: WorkerFacts | null): boolean =>
  facts?.ready.ok === true && !facts.young && facts.paced !== false && facts.fault === null;

/** A page is a few ten kilobytes. */
const MAX_BYTES = 512 * 1024;

/** FetchPage over HTTP: no redirects, no endless answers. */
export async function fetchPage(url: string, signal: AbortSignal): Promise<unknown> {
  const answer = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  if (!answer.ok || !answer.body) throw new Error(`${url} answered ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
