/**
 * The operator's own parts in this process, on the fake API server; a test plays the user,
 * the kubelet and the media server.
 */

import { DEFAULTS } from '@videopush/resources/builders/defaults';
import type { PathState, ServerApi } from '@videopush/resources/builders/mediaserver';
import { FIELD_MANAGER, REPORTING_CONTROLLER } from '@videopush/resources/builders/names';
import { type KubeObject, keyOf, type ResourceKind } from '@videopush/resources/objects';
import { SECRETS } from '../../kube/kinds.ts';
import { Resource } from '../../kube/resource.ts';
import { FakeApiServer } from '../../kube/testing/api/server.ts';
import { SkippingClock } from '../../kube/testing/skipping-clock.ts';
import { HttpTransport } from '../../kube/transport.ts';
import { WriteGate } from '../../kube/write-gate.ts';
import type { Log } from '../../runtime/controller-spec.ts';
import { Manager } from '../../runtime/manager.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { mediaServerController } from '../mediaserver/index.ts';
import type { ControlContext, Shared } from '../shared/context.ts';
import { loadKey } from '../shared/operator-key.ts';
import { ServerPaths } from '../shared/server-paths.ts';
import { videoPushController } from '../videopush/index.ts';
import { videoPushSetController } from '../videopushset/index.ts';

const NAMESPACE = 'tv';
/** How the operator calls itself to the API server. */
export const OPERATOR = 'videopush-operator/';
const OPERATOR_NAMESPACE = 'videopush';
/** Time limit of one wait, in milliseconds. */
const LIMIT = 10_000;

/** The paths of every media server there is. */
class PathsInMemory implements ServerApi {
  readonly #paths = new Map<string, PathState>();

  list(): Promise<PathState[]> {
    return Promise.resolve([...this.#paths.values()]);
  }

  async add(_: unknown, { name }: { name: string }): Promise<void> {
    const counts = { readers: 0, bytesReceived: 0, bytesSent: 0 };
    this.#paths.set(name, { name, named: true, online: false, ...counts });
  }

  async remove(_: unknown, name: string): Promise<void> {
    this.#paths.delete(name);
  }
}

interface Running {
  metrics: Metrics;
  stop(): Promise<void>;
}

export class FakeCluster {
  readonly server: FakeApiServer;
  readonly clock = new SkippingClock();
  /** streams in JetStream that were deleted */
  readonly deletedStreams: string[] = [];
  readonly #transport: HttpTransport;
  readonly #gate = new WriteGate();
  readonly #warnings: string[] = [];
  readonly #serverApi = new PathsInMemory();
  #operator: Running | undefined;
  #starts = 0;

  private constructor(server: FakeApiServer) {
    this.server = server;
    this.#transport = new HttpTransport({ server: server.url, userAgent: 'user/1' });
    this.#gate.open();
  }

  /** An operator that runs while `body` does. */
  static async run(body: (cluster: FakeCluster) => Promise<void>): Promise<void> {
    const cluster = new FakeCluster(await FakeApiServer.start([NAMESPACE, OPERATOR_NAMESPACE]));
    try {
      await cluster.startOperator();
      await body(cluster);
    } finally {
      await cluster.stopOperator();
      cluster.#transport.close();
      await cluster.server.close();
    }
  }

  async startOperator({ election = false } = {}): Promise<void> {
    const transport = new HttpTransport({ server: this.server.url, userAgent: `${OPERATOR}test` });
    const metrics = new Metrics({ version: 'test', process: false });
    const leading = Promise.withResolvers<void>();
    const manager = new Manager({
      transport,
      log: this.#log(leading.resolve),
      metrics,
      identity: `operator-${++this.#starts}`,
      reportingController: REPORTING_CONTROLLER,
      managedBy: FIELD_MANAGER,
      clock: this.clock,
      freeze: true,
      election: election ? { namespace: OPERATOR_NAMESPACE, name: 'videopush-operator' } : undefined,
    });
    this.#addParts(manager, metrics);
    const stopping = new AbortController();
    const run = manager.run(stopping.signal);
    this.#operator = {
      metrics,
      stop: async () => {
        stopping.abort();
        await run;
        transport.close();
      },
    };
    await this.#limited('the operator leads', Promise.race([leading.promise, run]));
  }

  async stopOperator(): Promise<void> {
    const operator = this.#operator;
    this.#operator = undefined;
    await operator?.stop();
  }

  /** Requests like those of kubectl, which do not pass through the operator. */
  as(kind: ResourceKind): Resource {
    return new Resource(kind, this.#transport, this.#gate);
  }

  create(kind: ResourceKind, name: string, content: object, metadata: object = {}): Promise<KubeObject> {
    const object = { metadata: { name, namespace: NAMESPACE, ...metadata }, ...content };
    return this.as(kind).create(object, this.#signal());
  }

  /** Just these fields, those that were applied before included. */
  apply(kind: ResourceKind, name: string, content: object, metadata: object = {}): Promise<KubeObject> {
    const object = { metadata: { name, namespace: NAMESPACE, ...metadata }, ...content };
    return this.as(kind).apply(object, { fieldManager: 'user', signal: this.#signal() });
  }

  /** Creates a pod and writes its status as the kubelet does. */
  async runPod(kind: ResourceKind, { metadata, spec, status }: KubeObject): Promise<KubeObject> {
    await this.create(kind, metadata.name, { spec }, metadata);
    const options = { fieldManager: 'kubelet', subresource: 'status', signal: this.#signal() };
    const { name, namespace } = metadata;
    return this.as(kind).apply({ metadata: { name, ...(namespace && { namespace }) }, status }, options);
  }

  delete(kind: ResourceKind, name: string): Promise<void> {
    return this.as(kind).delete({ name, namespace: NAMESPACE }, {}, this.#signal());
  }

  get(kind: ResourceKind, name: string): Promise<KubeObject> {
    return this.as(kind).get({ name, namespace: NAMESPACE }, this.#signal());
  }

  async list(kind: ResourceKind): Promise<KubeObject[]> {
    const page = { limit: 500, signal: this.#signal() };
    return (await this.as(kind).collection({ namespace: NAMESPACE }).list(page)).items;
  }

  /** Resolves with the object as soon as it exists and is as desired. */
  async sees(
    kind: ResourceKind,
    name: string,
    desired: (object: KubeObject) => boolean = () => true,
  ): Promise<KubeObject> {
    const found = await this.#follow(kind, name, (object) => object !== undefined && desired(object));
    return found as KubeObject;
  }

  async gone(kind: ResourceKind, name: string): Promise<void> {
    await this.#follow(kind, name, (object) => object === undefined);
  }

  async #follow(
    kind: ResourceKind,
    name: string,
    desired: (object: KubeObject | undefined) => boolean,
  ): Promise<KubeObject | undefined> {
    const fieldSelector = `metadata.name=${name}`;
    const collection = this.as(kind).collection({ namespace: NAMESPACE, fieldSelector });
    const signal = this.#signal();
    let last: KubeObject | undefined;
    try {
      const { items, resourceVersion } = await collection.list({ limit: 1, signal });
      last = items[0];
      if (desired(last)) return last;
      for await (const { type, object } of collection.watch({
        resourceVersion,
        timeoutSeconds: 60,
        signal,
      })) {
        if (type === 'BOOKMARK') continue;
        last = type === 'DELETED' ? undefined : (object as KubeObject);
        if (desired(last)) return last;
      }
    } catch (cause) {
      const tail = this.#warnings.slice(-5).join('\n');
      const stands = JSON.stringify({ ...last, metadata: { ...last?.metadata, managedFields: undefined } });
      throw new Error(`${kind.kind} ${name} does not come to be as it should: ${stands}\n${tail}`, { cause });
    }
    throw new Error(`the watch of ${kind.kind} ${name} ended`);
  }

  /** Resolves when the operator has nothing to do, but what waits for a time. */
  async idle(): Promise<void> {
    const { registry } = this.#operator?.metrics ?? {};
    const sum = async (name: string): Promise<number> => {
      const { values } = (await registry?.getSingleMetric(name)?.get()) ?? { values: [] };
      return values.reduce((total, { value }) => total + value, 0);
    };
    const busy = async () =>
      (await sum('workqueue_depth')) + (await sum('controller_runtime_active_workers')) > 0;
    await this.#until('the operator is idle', async () => !(await busy()));
  }

  /** Resolves when `count` watches more were opened than there had been at the time of `from`. */
  async watchesOpened(from: number, count: number): Promise<void> {
    await this.#until(`${count} watches are opened`, async () => this.watches - from >= count);
  }

  /** Number of watches that were opened up to now. */
  get watches(): number {
    return this.server.answered.filter(({ method }) => method === 'WATCH').length;
  }

  /** What was written, save events and leases: as `PATCH /apis/...`. */
  get writes(): string[] {
    return this.server.answered
      .filter(({ method, code }) => !['GET', 'WATCH'].includes(method) && code < 300)
      .filter(({ path }) => !/\/(events|leases)(\/|$)/.test(path))
      .map(({ method, path }) => `${method} ${path}`);
  }

  /** Version by kind and key. */
  async versions(kinds: readonly ResourceKind[]): Promise<Record<string, string | undefined>> {
    const all = await Promise.all(
      kinds.map(async (kind) =>
        (await this.list(kind)).map((object) => [
          `${kind.kind} ${keyOf(object)}`,
          object.metadata.resourceVersion,
        ]),
      ),
    );
    return Object.fromEntries(all.flat());
  }

  #addParts(manager: Manager, metrics: Metrics): void {
    const place = { namespace: OPERATOR_NAMESPACE, name: 'videopush-key' };
    const shared: Shared = {
      metrics,
      defaults: { ...DEFAULTS, natsAddress: 'nats://queue:4222' },
      key: (signal) => loadKey(manager.context.resource(SECRETS), place, signal),
      paths: new ServerPaths(),
      fetchPage: () => Promise.reject(new Error('no worker runs here')),
      deleteStream: async ({ stream }) => void this.deletedStreams.push(stream),
    };
    const factories = [
      (context: ControlContext) => mediaServerController(context, this.#serverApi),
      videoPushController,
      videoPushSetController,
    ];
    for (const factory of factories) manager.add((context) => factory({ ...context, ...shared }));
  }

  #log(onLeading: () => void): Log {
    const keep = (fields: object, message: string): void => {
      const { err, ...rest } = fields as { err?: unknown };
      this.#warnings.push(`${message} ${JSON.stringify(rest)} ${err ?? ''}`);
    };
    return {
      debug: () => undefined,
      info: (_, message) => {
        if (message === 'Leading') onLeading();
      },
      warn: keep,
      error: keep,
    };
  }

  #signal(): AbortSignal {
    return AbortSignal.timeout(LIMIT);
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const signal = this.#signal();
    while (!(await holds())) {
      if (signal.aborted) throw new Error(`not within ${LIMIT / 1000} s: ${what}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #limited(what: string, work: Promise<unknown>): Promise<void> {
    const signal = this.#signal();
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`not within ${LIMIT / 1000} s: ${what}`)), {
        once: true,
      });
    });
    await Promise.race([work, late]);
  }
}
