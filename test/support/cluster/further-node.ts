/**
 * A further node of a cluster that this process has started: a kubelet with a container runtime, addresses
 * and namespaces of its own, in a slot of its own, so that it goes with its slot when this process dies.
 */
import { join } from 'node:path';
import { type AdminApi, conditionTrue, type Waiting } from './api.ts';
import { baseImages } from './base-images.ts';
import { makeCgroups } from './cgroups.ts';
import type { StartOptions } from './cluster.ts';
import { containerd, containerdSocket, importImages, untilAnswers } from './containerd.ts';
import { PART_MILLISECONDS } from './control-plane.ts';
import { kubelet, kubeProxy } from './kubelet.ts';
import { Namespaces } from './namespaces.ts';
import { addressesOf, cutNodes, joinNetworks, joinNodes, type Neighbour } from './network.ts';
import { type Identity, makeKubeletIdentity, type NodePki, writeKubeconfig } from './pki.ts';
import { claimRun, type Run } from './runs.ts';

/** What a further node must know of the cluster's first one, which has the control plane. */
export interface Home extends Neighbour {
  pki: NodePki;
  api: AdminApi;
}

export class FurtherNode {
  /** The name by which the cluster knows it. */
  readonly name: string;
  readonly #run: Run;
  readonly #home: Home;
  #namespaces: Namespaces | undefined;
  #closed: Promise<void> | undefined;

  private constructor(name: string, run: Run, home: Home) {
    this.name = name;
    this.#run = run;
    this.#home = home;
  }

  /**
   * Resolves when the node is ready: about 5 s.
   * @throws {ClusterError}; the signal's reason when it was aborted
   */
  static async join(
    home: Home,
    name: string,
    { onLine = () => {}, signal }: StartOptions,
  ): Promise<FurtherNode> {
    const node = new FurtherNode(name, await claimRun(onLine, signal), home);
    try {
      await node.#start(signal);
    } catch (error) {
      await node.close();
      throw error;
    }
    onLine(`node ${name} joined`);
    return node;
  }

  async #start(signal?: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const namespaces = await Namespaces.open(this.#run.folder, either);
    this.#namespaces = namespaces;
    this.#run.keep(namespaces.keeper);
    const stop = namespaces.onFailure((error) => failed.abort(error));
    try {
      await this.#startParts(namespaces, either);
    } finally {
      stop();
    }
  }

  async #startParts(namespaces: Namespaces, signal: AbortSignal): Promise<void> {
    const { slot, folder } = this.#run;
    const [own, home] = [addressesOf(slot), addressesOf(this.#home.slot)];
    const { pki, api } = this.#home;
    makeCgroups(slot);
    await joinNetworks(slot, namespaces.keeper.pid, signal);
    await joinNodes(this.#home, { slot, keeper: namespaces.keeper.pid }, signal);
    const names = { name: this.name, address: own.node };
    const identity = await makeKubeletIdentity(join(folder, 'pki'), pki.authority, names, signal);
    const client = (name: string, by: Identity) =>
      writeKubeconfig(join(folder, `${name}.kubeconfig`), api.server, pki.authority, by);
    const place = {
      name: this.name,
      folder,
      slot,
      // The cluster has one range of Services and one name server.
      addresses: { ...home, host: own.host, node: own.node, podRange: own.podRange },
      pki: { authority: pki.authority, kubelet: identity },
    };
    const start = ({ name, file, args }: { name: string; file: string; args: string[] }) =>
      namespaces.start(name, file, args);
    start(containerd(folder, slot, own.podRange));
    await untilAnswers(containerdSocket(folder), PART_MILLISECONDS, signal);
    await this.#import((await baseImages(signal)).archives, signal);
    start(kubelet(place, client('kubelet', identity)));
    start(kubeProxy(place, client('kube-proxy', pki.kubeProxy)));
    const waiting: Waiting = { limitMilliseconds: PART_MILLISECONDS, signal };
    await api.until('the node is ready', `/api/v1/nodes/${this.name}`, conditionTrue('Ready'), waiting);
  }

  #import(archives: readonly string[], signal?: AbortSignal): Promise<void> {
    return importImages(containerdSocket(this.#run.folder), archives, signal);
  }

  /** Does on this node what the cluster's `loadImages` does on the first one. */
  loadImages(archives: readonly string[]): Promise<void> {
    return this.#import(archives);
  }

  /**
   * The node dies as by a loss of power: the others hear nothing more from it, its kubelet and its pods are
   * killed. The cluster keeps the node's object.
   */
  async lose(): Promise<void> {
    await cutNodes(this.#home, this.#run.slot);
    await this.close();
  }

  /**
   * Ends what runs on it and removes what it has made; the cluster keeps its object.
   * May be called more than once.
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#namespaces?.close();
    await this.#run.remove();
  }
}
