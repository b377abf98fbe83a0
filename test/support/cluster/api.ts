/** An administrator's requests during the start of a cluster; polling by HTTP is cheaper than by kubectl. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './errors.ts';
import type { Pki } from './pki.ts';

const REQUEST_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 100;

/** What waiting can be ended by, beside its limit. */
export interface Waiting {
  limitMilliseconds: number;
  signal: AbortSignal;
}

export class AdminApi {
  readonly server: string;
  #agent: Agent;

  constructor(server: string, pki: Pki) {
    this.server = server;
    this.#agent = new Agent({
      keepAlive: true,
      ca: readFileSync(pki.authority.certificate),
      cert: readFileSync(pki.admin.certificate),
      key: readFileSync(pki.admin.key),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The status code and the text of the answer. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, timeout: REQUEST_MILLISECONDS };
      const call = request(`${this.server}${path}`, options, (response) => {
        const parts: string[] = [];
        response.setEncoding('utf8').on('data', (part: string) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: parts.join('') }));
        response.on('error', reject);
      });
      call.on('timeout', () => call.destroy(new Error(`no answer in ${REQUEST_MILLISECONDS} ms`)));
      call.on('error', reject);
      if (body !== undefined) call.setHeader('content-type', 'application/json');
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Creates an object at a collection's path. */
  async create(path: string, body: unknown): Promise<void> {
    const { status, text } = await this.ask('POST', path, body);
    if (status === 201 || status === 409) return;
    throw new ClusterError('CommandFailed', `the API server refused an object at ${path}`, {
      cause: `${status} ${text}`,
      action: 'this is a defect of the test cluster',
    });
  }

  /** Asks until `done` says yes to an answer. */
  async until<T>(
    what: string,
    path: string,
    done: (body: T) => boolean,
    { limitMilliseconds, signal }: Waiting,
  ): Promise<void> {
    const end = performance.now() + limitMilliseconds;
    let last = 'it was not asked';
    while (performance.now() < end) {
      try {
        const { status, text } = await this.ask('GET', path);
        last = `${status} ${text.slice(0, 2_000)}`;
        if (status === 200 && done(text.startsWith('{') ? JSON.parse(text) : text)) return;
      } catch (error) {
        last = String(error);
      }
      await sleep(POLL_MILLISECONDS, undefined, { signal });
    }
    throw new ClusterError('TimedOut', `not in ${limitMilliseconds} ms: ${what}`, {
      cause: `the last answer to ${path} was ${last}`,
      action: "see the processes' logs; on a busy machine try again",
    });
  }
}

/** Whether an object of Kubernetes has a condition that is true. */
export function conditionTrue(type: string) {
  return (body: { status?: { conditions?: { type: string; status: string }[] } }): boolean =>
    body.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}
