/** A test's own namespace in a real cluster, under the restricted Pod Security Standard. */

import { stringify } from 'yaml';
import { connect } from '../../../operator/src/kube/credentials.ts';
import { isNotFound } from '../../../operator/src/kube/errors.ts';
import { PODS } from '../../../operator/src/kube/kinds.ts';
import { Resource } from '../../../operator/src/kube/resource.ts';
import type { Transport } from '../../../operator/src/kube/transport.ts';
import { WriteGate } from '../../../operator/src/kube/write-gate.ts';
import { MEDIA_SERVERS, VIDEO_PUSH_SETS, VIDEO_PUSHES } from '../../../resources/src/kinds.ts';
import type { KubeObject, ResourceKind } from '../../../resources/src/objects.ts';
import type { Cluster } from '../cluster/index.ts';
import { eventually } from './eventually.ts';

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** A Kubernetes object with whatever fields its kind has. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into objects of many kinds
export type Any = KubeObject & { spec?: any; status?: any };

/** Kinds by the words that people type. */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  vp: VIDEO_PUSHES,
  ms: MEDIA_SERVERS,
  vps: VIDEO_PUSH_SETS,
  pod: PODS,
};

export class TestNamespace {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly #transport: Transport;
  readonly #gate = new WriteGate();

  private constructor(cluster: Cluster, namespace: string, transport: Transport) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.#transport = transport;
    this.#gate.open();
  }

  /** Creates the namespace; `await using` deletes it with everything in it. */
  static async create(cluster: Cluster, namespace: string): Promise<TestNamespace> {
    const transport = await connect({ kubeconfig: cluster.kubeconfig, userAgent: 'videopush-tests' });
    const fixture = new TestNamespace(cluster, namespace, transport);
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    };
    await fixture.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }]);
    return fixture;
  }

  /** Runs `kubectl apply -f -`; rejects with the API server's message. */
  async apply(objects: readonly object[]): Promise<void> {
    const input = objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n');
    await this.kubectl(['apply', '-f', '-'], { input });
  }

  kubectl(args: string[], options: { input?: string; limitMilliseconds?: number } = {}): Promise<string> {
    return this.cluster.kubectl(['-n', this.namespace, ...args], options);
  }

  resource(kind: ResourceKind): Resource {
    return new Resource(kind, this.#transport, this.#gate);
  }

  /** Returns null when the object does not exist; a word for `kind` is a key of KINDS. */
  async get(kind: string | ResourceKind, name: string): Promise<Any | null> {
    try {
      return (await this.resource(kindOf(kind)).get(
        { namespace: this.namespace, name },
        AbortSignal.timeout(10_000),
      )) as Any;
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** Lists all objects of a kind in this namespace. */
  async list(kind: string | ResourceKind, labelSelector?: string): Promise<Any[]> {
    const collection = this.resource(kindOf(kind)).collection({ namespace: this.namespace, labelSelector });
    return (await collection.list({ limit: 500, signal: AbortSignal.timeout(10_000) })).items as Any[];
  }

  /** Waits until the object matches; the error at the time limit shows its last status. */
  async until(
    kind: string | ResourceKind,
    name: string,
    what: string,
    matches: (object: Any) => boolean,
    limitMilliseconds: number,
  ): Promise<Any> {
    let last: Any | null = null;
    return await eventually(
      `${name}: ${what}`,
      async () => {
        last = await this.get(kind, name);
        return last !== null && matches(last) ? last : null;
      },
      limitMilliseconds,
      () => JSON.stringify(last?.status ?? last, null, 1),
    );
  }

  untilGone(kind: string | ResourceKind, name: string, limitMilliseconds: number): Promise<unknown> {
    return eventually(
      `${name} is gone`,
      async () => (await this.get(kind, name)) === null,
      limitMilliseconds,
    );
  }

  /** Waits until condition `type` has `status`, and `reason` where one is given. */
  async untilCondition(
    kind: string,
    name: string,
    expected: { type: string; status: string; reason?: string | RegExp },
    limitMilliseconds: number,
  ): Promise<Condition> {
    const matches = (object: Any): boolean => {
      const found = conditionOf(object, expected.type);
      if (found?.status !== expected.status) return false;
      if (object.status?.observedGeneration !== object.metadata.generation) return false;
      if (expected.reason === undefined) return true;
      return typeof expected.reason === 'string'
        ? found.reason === expected.reason
        : expected.reason.test(found.reason);
    };
    const what = `${expected.type}=${expected.status} ${expected.reason ?? ''}`;
    const object = await this.until(kind, name, what, matches, limitMilliseconds);
    return conditionOf(object, expected.type) as Condition;
  }

  async remove(): Promise<void> {
    await this.cluster.kubectl(['delete', 'namespace', this.namespace, '--ignore-not-found'], {
      limitMilliseconds: 180_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

export function conditionOf(object: Any, type: string): Condition | undefined {
  return (object.status?.conditions as Condition[] | undefined)?.find((one) => one.type === type);
}

function kindOf(kind: string | ResourceKind): ResourceKind {
  if (typeof kind !== 'string') return kind;
  const known = KINDS[kind];
  if (!known) throw new Error(`no such kind: ${kind}; there are ${Object.keys(KINDS).join(', ')}`);
  return known;
}
