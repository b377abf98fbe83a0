/** The few calls of MediaMTX's control API (v3, 1.21.0) that a running server's paths need. */

import { DEFAULT_PORTS } from '@videopush/resources/builders/endpoints';
import { pathConfig, type ServerPath, type User } from '@videopush/resources/builders/mediamtx';
import { redact } from '@videopush/resources/redact';
import { type Clock, within } from '../../../../kube/clock.ts';

/** Where a server's API is, and as whom it is asked. */
export interface ApiPlace {
  /** address of its pod */
  host: string;
  account: User;
}

/** One path that the server has now. */
export interface PathState {
  name: string;
  /** it stands in the configuration under its own name, and does not just run under `all_others` */
  named: boolean;
  /** somebody publishes to it; the slate of an always available path does not count */
  online: boolean;
  readers: number;
  /** since the path was made; the slate of an always available path counts as received */
  bytesReceived: number;
  bytesSent: number;
}

export interface ServerApi {
  list(place: ApiPlace, signal: AbortSignal): Promise<PathState[]>;
  /** A path that is there already, as after a reload of the file, is as good. */
  add(place: ApiPlace, path: ServerPath, signal: AbortSignal): Promise<void>;
  /** So is one that is gone already. Cuts its publisher and its readers. */
  remove(place: ApiPlace, name: string, signal: AbortSignal): Promise<void>;
}

/** What the API answered, or why it did not. Its message carries no credentials. */
export class ServerApiError extends Error {
  override readonly name = 'ServerApiError';
}

/** Of one call, milliseconds: the pod is near and the answer small, but a refusal of credentials is held back for up to 3.1 s. */
const LIMIT = 5_000;
/** Of one answer: half a kilobyte a path. */
const MAX_BYTES = 4 * 1024 * 1024;
const PAGE = 1_000;
/** More paths than one server carries. */
const MAX_PAGES = 20;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class MediaMtxApi implements ServerApi {
  readonly #clock: Clock;
  readonly #fetch: Fetch;

  constructor(clock: Clock, fetchFunction: Fetch = fetch) {
    this.#clock = clock;
    this.#fetch = fetchFunction;
  }

  async list(place: ApiPlace, signal: AbortSignal): Promise<PathState[]> {
    const found: PathState[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `paths/list?itemsPerPage=${PAGE}&page=${page}`;
      const { status, body } = await this.#call(place, 'GET', query, signal);
      if (status !== 200) throw refusal('asking for its paths', status, body);
      const { items, pageCount } = readPage(body);
      found.push(...items);
      if (page + 1 >= pageCount) break;
    }
    return found;
  }

  async add(place: ApiPlace, path: ServerPath, signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#call(
      place,
      'POST',
      `config/paths/add/${segments(path.name)}`,
      signal,
      pathConfig(path),
    );
    if (status === 200 || (status === 400 && errorOf(body) === 'path already exists')) return;
    throw refusal(`adding path "${path.name}"`, status, body);
  }

  async remove(place: ApiPlace, name: string, signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#call(
      place,
      'DELETE',
      `config/paths/delete/${segments(name)}`,
      signal,
    );
    if (status !== 200 && status !== 404) throw refusal(`removing path "${name}"`, status, body);
  }

  async #call(
    { host, account }: ApiPlace,
    method: string,
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<{ status: number; body: string }> {
    const name = host.includes(':') ? `[${host}]` : host;
    const credentials = Buffer.from(`${account.name}:${account.password}`).toString('base64');
    const ask = async (limited: AbortSignal): Promise<{ status: number; body: string }> => {
      const answer = await this.#fetch(`http://${name}:${DEFAULT_PORTS.api}/v3/${path}`, {
        method,
        signal: limited,
        redirect: 'error',
        headers: { authorization: `Basic ${credentials}`, accept: 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: await bounded(answer) };
    };
    try {
      return await within(this.#clock, LIMIT, `no answer within ${LIMIT / 1000} s`, ask, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ServerApiError(`${name}:${DEFAULT_PORTS.api}: ${causeOf(error)}`, { cause: error });
    }
  }
}

/** Path names have slashes, which are the API's own too. */
const segments = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

function readPage(body: string): { items: PathState[]; pageCount: number } {
  const { items, pageCount } = parse(body) as { items?: unknown; pageCount?: unknown };
  if (!Array.isArray(items)) throw new ServerApiError('the list of paths is not one');
  return {
    items: items.flatMap(readPath),
    pageCount: typeof pageCount === 'number' ? pageCount : 1,
  };
}

function readPath(item: unknown): PathState[] {
  const { name, confName, online, readers, inboundBytes, outboundBytes } = (item ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string') return [];
  return [
    {
      name,
      named: confName === name,
      online: online === true,
      readers: Array.isArray(readers) ? readers.length : 0,
      bytesReceived: typeof inboundBytes === 'number' ? inboundBytes : 0,
      bytesSent: typeof outboundBytes === 'number' ? outboundBytes : 0,
    },
  ];
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`an answer of more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

const errorOf = (body: string): string => {
  const { error } = parse(body) as { error?: unknown };
  return typeof error === 'string' ? error.slice(0, 200) : '';
};

const refusal = (doing: string, status: number, body: string): ServerApiError =>
  new ServerApiError(redact(`${doing}: it answered ${status} ${errorOf(body)}`.trim()));

/** fetch() hides what happened to the connection in its error's cause. */
function causeOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return redact(cause?.code ?? cause?.message ?? message ?? 'no answer');
}
