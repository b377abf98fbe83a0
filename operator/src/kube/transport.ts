/** HTTP to one API server over one pool of connections. No product words, no models: JSON in, JSON out. */
import http from 'node:http';
import https from 'node:https';
import { ApiError, type Status } from './errors.ts';

export interface ApiRequest {
  /** default GET */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** such as /api/v1/namespaces/default/pods */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  /** JSON */
  body?: unknown;
  /** default application/json */
  contentType?: string;
  signal: AbortSignal;
}

export interface Transport {
  /**
   * The answer's JSON. Rejects with ApiError for any other status than 2xx, else
   * with what the network ended in.
   */
  json(request: ApiRequest): Promise<unknown>;
  /** The answer line by line, for watches. */
  lines(request: ApiRequest): AsyncIterable<string>;
}

/**
 * What a request needs beside its own words; asked before each, since tokens and certificates are renewed.
 */
export interface Credentials
  extends Pick<
    https.RequestOptions,
    'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
  > {
  headers?: Record<string, string>;
}

/** How a request ended: with this status of HTTP, or undefined when none came. */
export type OnAnswer = (method: string, code: number | undefined, host: string) => void;

export interface TransportOptions {
  server: URL;
  credentials?: () => Promise<Credentials>;
  userAgent: string;
  /** at the most, beside one for each watch; default 32 */
  connections?: number;
  /** until an answer begins, and between the parts of one that is no watch, milliseconds, default 30000 */
  timeout?: number;
  /** Counts answers for the metrics. Must not throw. */
  onAnswer?: OnAnswer;
}

type Optional = 'onAnswer';

export class HttpTransport implements Transport {
  readonly #options: Required<Omit<TransportOptions, Optional>> & Pick<TransportOptions, Optional>;
  readonly #agent: http.Agent;
  /** Watches hold their connection for minutes: out of one pool they would take them from all others. */
  readonly #watchAgent: http.Agent;

  constructor(options: TransportOptions) {
    this.#options = { credentials: async () => ({}), connections: 32, timeout: 30_000, ...options };
    const { connections: maxSockets } = this.#options;
    const pool = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets, scheduling: 'lifo' as const };
    const Agent = options.server.protocol === 'https:' ? https.Agent : http.Agent;
    this.#agent = new Agent(pool);
    this.#watchAgent = new Agent({ ...pool, maxSockets: Number.POSITIVE_INFINITY });
  }

  async json(request: ApiRequest): Promise<unknown> {
    const answer = await this.#ask(request, this.#agent);
    return parse(request, await this.#text(request, answer));
  }

  async *lines(request: ApiRequest): AsyncGenerator<string> {
    const answer = await this.#ask(request, this.#watchAgent);
    answer.setEncoding('utf8');
    let rest = '';
    try {
      // Throws when the answer breaks off, and ends the connection when nobody reads on.
      for await (const text of answer) {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        yield* lines.filter((line) => line !== '');
      }
    } catch (error) {
      throw request.signal.aborted ? request.signal.reason : error; // Node says no more than "aborted"
    }
    if (rest !== '') yield rest;
  }

  /** Closes what is idle; for the end of the process. */
  close(): void {
    this.#agent.destroy();
    this.#watchAgent.destroy();
  }

  async #ask(request: ApiRequest, agent: http.Agent): Promise<http.IncomingMessage> {
    const { server, credentials, userAgent, onAnswer } = this.#options;
    const method = request.method ?? 'GET';
    const { headers, ...tls } = await credentials();
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const client = server.protocol === 'https:' ? https : http;
    const sent = client.request(new URL(pathOf(request), server), {
      method,
      agent,
      signal: request.signal,
      ...tls,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...headers,
        ...(body && {
          'content-type': request.contentType ?? 'application/json',
          'content-length': body.length,
        }),
      },
    });
    const answer = await this.#answer(request, sent.end(body)).catch((error) => {
      onAnswer?.(method, undefined, server.host);
      throw error;
    });
    const status = answer.statusCode ?? 0;
    onAnswer?.(method, status, server.host);
    if (status >= 200 && status < 300) return answer;
    throw refusal(request, status, await this.#text(request, answer), answer.headers['retry-after']);
  }

  /** The whole answer. A server that stops in the middle of it is not waited for. */
  async #text(request: ApiRequest, answer: http.IncomingMessage): Promise<string> {
    const { timeout } = this.#options;
    const chunks: Buffer[] = [];
    const stall = () => {
      answer.destroy(new Error(`${describe(request)}: the answer stopped for ${timeout / 1000} s`));
    };
    let limit = setTimeout(stall, timeout);
    try {
      for await (const chunk of answer) {
        clearTimeout(limit);
        limit = setTimeout(stall, timeout);
        chunks.push(chunk as Buffer);
      }
    } finally {
      clearTimeout(limit);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #answer(request: ApiRequest, sent: http.ClientRequest): Promise<http.IncomingMessage> {
    const { timeout } = this.#options;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        sent.destroy(new Error(`${describe(request)}: no answer within ${timeout / 1000} s`));
      }, timeout);
      sent.once('response', (answer) => {
        clearTimeout(limit);
        resolve(answer);
      });
      sent.on('error', (error) => {
        clearTimeout(limit);
        reject(request.signal.aborted ? request.signal.reason : error);
      });
    });
  }
}

const describe = ({ method = 'GET', path }: ApiRequest): string => `${method} ${path}`;

function pathOf({ path, query = {} }: ApiRequest): string {
  const words = Object.entries(query).filter(([, value]) => value !== undefined);
  if (words.length === 0) return path;
  return `${path}?${new URLSearchParams(words.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

function parse(request: ApiRequest, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`${describe(request)}: the answer is not JSON`);
  }
}

function refusal(request: ApiRequest, code: number, body: string, retryAfter: string | undefined): ApiError {
  let status: Status = {};
  try {
    status = JSON.parse(body) as Status;
  } catch {
    // A proxy in between answers in its own words; the code says enough.
  }
  return new ApiError(describe(request), code, status, retryAfter);
}
