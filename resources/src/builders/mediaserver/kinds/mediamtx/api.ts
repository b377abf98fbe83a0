/** The few calls of MediaMTX's control API (v3, 1.21.0) that a running server's paths need. */
import { redact } from '../../../../redact.ts';
import type { User } from '../../../credentials.ts';
import { DEFAULT_PORTS } from '../../../protocols.ts';
import type { ServerPath } from '../../context.ts';
import { type ApiPlace, type PathState, type ServerApi, ServerApiError } from '../../server-api.ts';
import { pathConfig } from './server-config.ts';

/**
 * Time limit of one call, in milliseconds: the server is near and the answer small, but MediaMTX holds a
 * refusal of credentials back for up to 3.1 s.
 */
const LIMIT = 5_000;
/** Size limit of one answer; a path takes half a kilobyte. */
const MAX_BYTES = 4 * 1024 * 1024;
const PAGE = 1_000;
/** More paths than one server carries. */
const MAX_PAGES = 20;

export class MediaMtxApi implements ServerApi {
  async list(place: ApiPlace, signal: AbortSignal): Promise<PathState[]> {
    const found: PathState[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `paths/list?itemsPerPage=${PAGE}&page=${page}`;
      const { status, body } = await call(place, 'GET', query, signal);
      if (status !== 200) throw refusal('asking for its paths', status, body);
      const { items, pageCount } = readPage(body);
      found.push(...items);
      if (page + 1 >= pageCount) break;
    }
    return found;
  }

  /** The state of one path; null when the server does not have it. */
  async find(place: ApiPlace, name: string, signal: AbortSignal): Promise<PathState | null> {
    const { status, body } = await call(place, 'GET', `paths/get/${segments(name)}`, signal);
    if (status === 404) return null;
    const [found] = status === 200 ? readPath(parse(body)) : [];
    if (!found) throw refusal(`asking for path "${name}"`, status, body);
    return found;
  }

  async add(place: ApiPlace, path: ServerPath, signal: AbortSignal): Promise<void> {
    const adding = `config/paths/add/${segments(path.name)}`;
    const { status, body } = await call(place, 'POST', adding, signal, pathConfig(path));
    if (status === 200 || (status === 400 && errorOf(body) === 'path already exists')) return;
    throw refusal(`adding path "${path.name}"`, status, body);
  }

  async remove(place: ApiPlace, name: string, signal: AbortSignal): Promise<void> {
    const { status, body } = await call(place, 'DELETE', `config/paths/delete/${segments(name)}`, signal);
    if (status !== 200 && status !== 404) throw refusal(`removing path "${name}"`, status, body);
  }
}

/**
 * One request to the API, for those of its calls that ServerApi does not have.
 * @param path below `/v3/`
 * @throws ServerApiError when no whole answer came within 5 s; the signal's reason when that was aborted
 */
export async function call(
  { host, port = DEFAULT_PORTS.api, account }: ApiPlace,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  signal: AbortSignal,
  body?: object,
): Promise<{ status: number; body: string }> {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const late = AbortSignal.timeout(LIMIT);
  try {
    const answer = await fetch(`http://${place}/v3/${path}`, {
      method,
      signal: AbortSignal.any([signal, late]),
      redirect: 'error',
      headers: { accept: 'application/json', ...(account && { authorization: basic(account) }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await bounded(answer) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const cause = late.aborted ? `no answer within ${LIMIT / 1000} s` : causeOf(error);
    throw new ServerApiError(`${place}: ${cause}`, { cause: error });
  }
}

const basic = ({ name, password }: User): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** Path names have slashes, which separate words of the API's URLs as well. */
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
