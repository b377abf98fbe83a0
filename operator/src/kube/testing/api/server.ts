/**
 * An API server in this process, over HTTP: what the operator's own client asks of one, and the faults that a
 * test orders. The same tests run against it and against a real one (contract.ts). No admission, no rules in
 * CEL, no defaults of Kubernetes' own kinds.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiVersionOf } from '@videopush/resources/objects';
import { NAMESPACES } from '../../kinds.ts';
import { type ServedKind, servedKinds } from './catalog.ts';
import { badRequest, expired, noSuchPage, notFound, Refusal } from './refusals.ts';
import { fieldSelector, labelSelector, type Selector } from './selectors.ts';
import { Storage, shown } from './storage.ts';
import type { Json } from './values.ts';
import { Watches } from './watches.ts';
import { type Write, Writes } from './writes.ts';

/** A request as it was answered, a watch (method WATCH) as it began. */
export interface Answered {
  method: string;
  /** without its query */
  path: string;
  code: number;
}

export interface Fault {
  code: number;
  /** how many requests get it */
  times: number;
  /** seconds, as the header Retry-After */
  retryAfter?: number;
  /** how the User-Agent of whom it meets begins; default: everybody */
  userAgent?: string;
}

interface Target {
  kind: ServedKind;
  namespace: string | undefined;
  /** '' for the collection */
  name: string;
  subresource: '' | 'status';
}

interface Request extends Target {
  method: string;
  query: URLSearchParams;
  contentType: string;
  body: Json;
}

const LONGEST_WATCH = 3_600;
const ALL: Selector = () => true;

export class FakeApiServer {
  readonly #storage = new Storage();
  readonly #writes = new Writes(this.#storage);
  readonly #watches = new Watches(this.#storage);
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #faults: Fault[] = [];
  /** lists of which a part was not asked for yet, by what continues them */
  readonly #pages = new Map<string, { items: Json[]; version: number }>();
  /** all, in their order */
  readonly answered: Answered[] = [];

  /** @param namespaces that there are from the start */
  static async start(namespaces: readonly string[] = ['default']): Promise<FakeApiServer> {
    const server = new FakeApiServer();
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    const kind = kindOf(NAMESPACES.group, NAMESPACES.version, NAMESPACES.plural);
    for (const name of namespaces)
      server.#writes.create({
        ...{ kind, name, subresource: '', fieldManager: 'test', force: false, strict: true },
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      });
    return server;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** The next requests, watches among them, are answered so. */
  refuse(fault: Fault): void {
    this.#faults.push({ ...fault });
  }

  /** Breaks off every watch. */
  dropWatches(): void {
    this.#watches.drop();
  }

  /** Watches that are open now hear nothing any more, and are not ended either. */
  stallWatches(): void {
    this.#watches.stall();
  }

  /** Forgets past changes: a watch or list that continues from before gets 410 and must list again. */
  compact(): void {
    this.#storage.forgetHistory();
    this.#pages.clear();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', this.url);
    const method = incoming.method ?? '';
    const answer = (code: number, body: object, headers: Record<string, string> = {}) => {
      this.answered.push({ method, path: url.pathname, code });
      response.writeHead(code, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    const { 'content-type': contentType = '', 'user-agent': userAgent = '' } = incoming.headers;
    try {
      const body = await readJson(incoming);
      const fault = this.#fault(userAgent);
      if (fault) {
        const { code, retryAfter } = fault;
        const { status } = new Refusal(
          code,
          code === 429 ? 'TooManyRequests' : 'InternalError',
          'as ordered',
        );
        answer(code, status, retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` });
        return;
      }
      const request = { ...targetOf(url.pathname), method, query: url.searchParams, contentType, body };
      if (method === 'GET' && request.query.get('watch') === 'true') {
        this.answered.push({ method: 'WATCH', path: url.pathname, code: 200 });
        this.#watch(request, response);
        return;
      }
      const { code, object } = this.#answer(request, userAgent);
      answer(code, object);
    } catch (error) {
      if (error instanceof Refusal) answer(error.code, error.status);
      else answer(500, new Refusal(500, 'InternalError', `${(error as Error).stack}`).status);
    }
  }

  #fault(userAgent: string): Fault | undefined {
    const at = this.#faults.findIndex((fault) => userAgent.startsWith(fault.userAgent ?? ''));
    const fault = this.#faults[at];
    if (fault && --fault.times <= 0) this.#faults.splice(at, 1);
    return fault;
  }

  #answer(request: Request, userAgent: string): { code: number; object: object } {
    const { kind, namespace, name } = request;
    switch (request.method) {
      case 'GET':
        return { code: 200, object: name ? this.#get(request) : this.#list(request) };
      case 'POST':
        return { code: 201, object: this.#writes.create(writeOf(request, userAgent)) };
      case 'PUT':
        return { code: 200, object: this.#writes.replace(writeOf(request, userAgent)) };
      case 'PATCH': {
        if (request.contentType === 'application/merge-patch+json')
          return { code: 200, object: this.#writes.patch(writeOf(request, userAgent)) };
        if (request.contentType !== 'application/apply-patch+yaml')
          throw new Refusal(415, 'UnsupportedMediaType', `no patch of ${request.contentType} is served`);
        const { object, created } = this.#writes.apply(writeOf(request, userAgent));
        return { code: created ? 201 : 200, object };
      }
      case 'DELETE': {
        const kept = this.#writes.delete({ kind, namespace, name, options: request.body });
        return {
          code: 200,
          object: kept ?? { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' },
        };
      }
      default:
        throw new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method');
    }
  }

  #get({ kind, namespace, name }: Request): object {
    const stored = this.#storage.get(kind, namespace, name);
    if (!stored) throw notFound(kind, name);
    return shown(stored);
  }

  /** All pages of a list show the objects that existed when the first page was requested. */
  #list(request: Request): object {
    const { kind, query } = request;
    const from = query.get('continue');
    const version = this.#storage.version;
    const found = from
      ? this.#pages.get(from)
      : { version, items: this.#storage.list(kind, selectorOf(request)) as Json[] };
    if (!found)
      throw expired('The provided continue parameter is too old to display a consistent list result.');
    const limit = Number(query.get('limit') ?? 0) || found.items.length;
    const rest = found.items.slice(limit);
    const more = rest.length > 0 ? crypto.randomUUID() : undefined;
    if (more) this.#pages.set(more, { items: rest, version: found.version });
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: { resourceVersion: `${found.version}`, ...(more && { continue: more }) },
      items: found.items.slice(0, limit).map((item) => (kind.custom ? item : untyped(item))),
    };
  }

  #watch(request: Request, response: ServerResponse): void {
    const { kind, query } = request;
    const version = query.get('resourceVersion') ?? '';
    // A watch without a version begins with the existing objects; the operator starts none, so this is
    // refused.
    if (!/^[1-9][0-9]*$/.test(version)) throw badRequest('this server wants a resourceVersion to watch from');
    const watched = {
      kind,
      fits: selectorOf(request),
      version: Number(version),
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      timeoutSeconds: Number(query.get('timeoutSeconds') ?? LONGEST_WATCH),
    };
    this.#watches.open(watched, response);
  }
}

async function readJson(incoming: IncomingMessage): Promise<Json> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  return text === '' ? {} : (JSON.parse(text) as Json);
}

/** What a path such as /apis/apps/v1/namespaces/a/deployments/b/status stands for. */
function targetOf(path: string): Target {
  const [, root, ...words] = path.split('/').map(decodeURIComponent);
  const group = root === 'apis' ? (words.shift() ?? '') : '';
  const version = words.shift() ?? '';
  const inside = words[0] === 'namespaces' && words.length > 2 && words[2] !== 'status';
  const namespace = inside ? words.splice(0, 2)[1] : undefined;
  const [plural = '', name = '', subresource = '', more] = words;
  const kind = kindOf(group, version, plural);
  const known = subresource === '' || (subresource === 'status' && kind.status);
  if (!known || more !== undefined || (namespace && kind.namespaced === false)) throw noSuchPage();
  return { kind, namespace, name, subresource: subresource as '' | 'status' };
}

function kindOf(group: string, version: string, plural: string): ServedKind {
  const found = servedKinds().find(
    (kind) => kind.group === group && kind.version === version && kind.plural === plural,
  );
  if (!found) throw noSuchPage();
  return found;
}

function selectorOf({ kind, namespace, query }: Request): Selector {
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  const all = [
    namespace ? fieldSelector(`metadata.namespace=${namespace}`, []) : ALL,
    labels ? labelSelector(labels) : ALL,
    fields ? fieldSelector(fields, kind.selectableFields) : ALL,
  ];
  return (object) => all.every((fits) => fits(object));
}

function writeOf({ kind, namespace, name, subresource, query, body }: Request, userAgent: string): Write {
  return {
    ...{ kind, namespace, name, subresource, body },
    fieldManager: query.get('fieldManager') ?? userAgent.split('/')[0] ?? '',
    force: query.get('force') === 'true',
    strict: query.get('fieldValidation') === 'Strict',
  };
}

/** Items of lists of Kubernetes' own kinds do not say what they are. */
const untyped = ({ apiVersion: _, kind: __, ...item }: Json): Json => item;
