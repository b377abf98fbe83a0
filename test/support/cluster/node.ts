/**
 * A real node from pinned programs: etcd, the API server, containerd, the kubelet and the rest as
 * plain processes in namespaces of their own. Nothing of it is pulled from a registry, and
 * nothing of it outlives this process.
 */
import { join } from 'node:path';
import { AdminApi, conditionTrue, type Waiting } from './api.ts';
import { baseImages } from './base-images.ts';
import { makeCgroups } from './cgroups.ts';
import { clientOf } from './client.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { containerd, containerdSocket, importImages, untilAnswers } from './containerd.ts';
import {
  apiServer,
  auditLogOf,
  type Command,
  controllerManager,
  etcd,
  PART_MILLISECONDS,
  scheduler,
} from './control-plane.ts';
import { coredns, dnsObjects } from './dns.ts';
import { ClusterError } from './errors.ts';
import { FurtherNode, type Home } from './further-node.ts';
import { kubelet, kubeProxy, type NodePlace } from './kubelet.ts';
import { METRICS_API, metricsObjects, metricsServer } from './metrics.ts';
import { Namespaces } from './namespaces.ts';
import { addressesOf, joinNetworks } from './network.ts';
import { type Identity, makeNodePki, type NodePki, writeKubeconfig } from './pki.ts';
import { claimRun, type Run } from './runs.ts';
import { closeOnSignals } from './signals.ts';

const NODE_NAME = 'videopush-node';
const API_PORT = 6443;
const ETCD = { client: 2379, peer: 2380 };

export const kubeconfigOf = (folder: string): string => join(folder, 'kubeconfig');

/** A cluster of nodes from the pinned programs, which further ones may join. */
export interface NodeCluster extends Cluster {
  /** Address of this machine, at which pods reach it. */
  readonly hostAddress: string;
  /**
   * Starts one more node, which ends with the cluster. It has none of the images that were loaded before.
   * @param name as the cluster is to know it
   */
  join(name: string, options?: StartOptions): Promise<FurtherNode>;
}

/**
 * Takes about 11 s on two idle cores, with the metrics API being the last.
 * @throws {ClusterError}
 */
export async function startNode({ onLine = () => {}, signal }: StartOptions = {}): Promise<NodeCluster> {
  if (process.getuid?.() !== 0) {
    throw new ClusterError('NotPermitted', 'a node cannot be started', {
      cause: 'this is not root',
      action: 'run it as root, or give a cluster by KUBECONFIG and VIDEOPUSH_E2E_CLUSTER=current',
    });
  }
  const since = performance.now();
  const run = await claimRun(onLine, signal);
  const node = new Node(run, onLine);
  const forget = closeOnSignals(() => node.close());
  try {
    await node.start(signal);
  } catch (error) {
    forget();
    await node.close();
    throw error;
  }
  onLine(`node up after ${((performance.now() - since) / 1000).toFixed(1)} s: ${kubeconfigOf(run.folder)}`);
  const { folder } = run;
  return {
    kind: 'node',
    kubeconfig: kubeconfigOf(folder),
    nodeAddress: addressesOf(run.slot).node,
    hostAddress: addressesOf(run.slot).host,
    auditLog: auditLogOf(folder),
    ...clientOf(kubeconfigOf(folder), folder, false),
    loadImages: (archives) => importImages(containerdSocket(folder), archives),
    join: (name, options = {}) => node.join(name, options),
    close: () => {
      forget();
      return node.close();
    },
  };
}

class Node {
  #run: Run;
  #say: (line: string) => void;
  #namespaces: Namespaces | undefined;
  #home: Home | undefined;
  #further: FurtherNode[] = [];
  #closed: Promise<void> | undefined;

  constructor(run: Run, onLine: (line: string) => void) {
    this.#run = run;
    this.#say = onLine;
  }

  /** Everything in its order; ends early when a process of the node does. */
  async start(signal?: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const { folder } = this.#run;
    const images = baseImages(either);
    // Waited for below; until then a failure is nobody's.
    images.catch(() => {});
    const namespaces = await Namespaces.open(folder, either);
    this.#namespaces = namespaces;
    this.#run.keep(namespaces.keeper);
    const stop = namespaces.onFailure((error) => failed.abort(error));
    try {
      await this.#startParts(namespaces, images, either);
    } finally {
      stop();
    }
    namespaces.onFailure((error) => this.#say(`${error.message}`));
  }

  async #startParts(
    namespaces: Namespaces,
    images: ReturnType<typeof baseImages>,
    signal: AbortSignal,
  ): Promise<void> {
    const { folder, slot } = this.#run;
    const addresses = addressesOf(slot);
    const names = { name: NODE_NAME, address: addresses.node, kubernetes: addresses.kubernetes };
    makeCgroups(slot);
    const [pki] = await Promise.all([
      makeNodePki(join(folder, 'pki'), names, signal),
      joinNetworks(slot, namespaces.keeper.pid, signal),
    ]);
    const place: NodePlace = { name: NODE_NAME, folder, slot, addresses, pki };
    const start = ({ name, file, args }: Command) => namespaces.start(name, file, args);
    start(etcd(folder, ETCD));
    start(
      apiServer(folder, pki, {
        etcdPort: ETCD.client,
        bind: '0.0.0.0',
        port: API_PORT,
        advertise: addresses.node,
        serviceRange: addresses.serviceRange,
      }),
    );
    start(containerd(folder, slot, addresses.podRange));
    const server = `https://${addresses.node}:${API_PORT}`;
    writeKubeconfig(kubeconfigOf(folder), server, pki.authority, pki.admin);
    const api = new AdminApi(server, pki);
    this.#home = { slot, keeper: namespaces.keeper.pid, pki, api };
    const waiting: Waiting = { limitMilliseconds: PART_MILLISECONDS, signal };
    const loaded = this.#loadBase(images, signal);
    loaded.catch(() => {});
    await api.until('the API server is ready', '/readyz', () => true, waiting);
    this.#say('API server ready');
    this.#startRest(start, place, pki, server);
    await this.#createObjects(api, pki, place);
    await loaded;
    await untilUsable(api, waiting, this.#say);
  }

  #startRest(start: (command: Command) => void, place: NodePlace, pki: NodePki, server: string): void {
    const { folder, addresses } = place;
    const client = (name: string, identity: Identity) =>
      writeKubeconfig(join(folder, `${name}.kubeconfig`), server, pki.authority, identity);
    start(kubelet(place, client('kubelet', pki.kubelet)));
    start(controllerManager(client('controller-manager', pki.controllerManager), pki));
    start(scheduler(client('scheduler', pki.scheduler)));
    start(kubeProxy(place, client('kube-proxy', pki.kubeProxy)));
    start(coredns(folder, addresses, kubeconfigOf(folder)));
    start(metricsServer(kubeconfigOf(folder), pki.authority, pki.metrics));
  }

  async #createObjects(api: AdminApi, pki: NodePki, { addresses }: NodePlace): Promise<void> {
    const objects = [...dnsObjects(addresses), ...metricsObjects(addresses.node, pki.authority)];
    for (const { path, body } of objects) await api.create(path, body);
  }

  async #loadBase(images: ReturnType<typeof baseImages>, signal: AbortSignal): Promise<void> {
    const { archives } = await images;
    const socket = containerdSocket(this.#run.folder);
    await untilAnswers(socket, PART_MILLISECONDS, signal);
    await importImages(socket, archives, signal);
  }

  async join(name: string, options: StartOptions): Promise<FurtherNode> {
    if (!this.#home) throw new Error('a node can join only a cluster that has been started');
    const node = await FurtherNode.join(this.#home, name, options);
    this.#further.push(node);
    return node;
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all(this.#further.map((node) => node.close()));
    this.#home?.api.close();
    await this.#namespaces?.close();
    await this.#run.remove();
  }
}

/** Waits until pods run, get the token of their service account, and the metrics API answers. */
async function untilUsable(api: AdminApi, waiting: Waiting, say: (line: string) => void): Promise<void> {
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await Promise.all([
    api
      .until('the node is ready', `/api/v1/nodes/${NODE_NAME}`, conditionTrue('Ready'), waiting)
      .then(() => say('node ready')),
    api.until('the default service account exists', account, () => true, waiting),
    api
      .until('the metrics API is available', METRICS_API, conditionTrue('Available'), waiting)
      .then(() => say('metrics API available')),
  ]);
}
