/**
 * A Kubernetes cluster for tests. Which one is used, in this order:
 *
 * 1. `VIDEOPUSH_E2E_CLUSTER=current`: the one that KUBECONFIG names. It is left as it is in the end.
 * 2. `VIDEOPUSH_E2E_CLUSTER=kind`, or nothing said and both `kind` and a Docker daemon there: a kind cluster.
 * 3. `VIDEOPUSH_E2E_CLUSTER=node`, or nothing said: a real node from the pinned programs, for which no registry and no
 *    Docker is needed, but root.
 *
 * All accept NetworkPolicies; only a current cluster may also enforce them.
 */
import type { Client } from './client.ts';
import { useCurrent } from './current.ts';
import { ClusterError } from './errors.ts';
import type { FurtherNode } from './further-node.ts';
import { kindUsable, startKind } from './kind.ts';
import { startNode } from './node.ts';

export { type ApiServer, startApiServer } from './api-server.ts';
export { attachCluster } from './current.ts';
export type { FurtherNode } from './further-node.ts';
export { startNode } from './node.ts';
export { hostPathVolume } from './volumes.ts';

export interface Cluster extends Client {
  readonly kind: 'current' | 'kind' | 'node';
  /** Absolute path of its administrator's configuration. */
  readonly kubeconfig: string;
  /** Address of a node, at which this process reaches NodePorts. On `node`, pod IPs and ClusterIPs are reached too. */
  readonly nodeAddress: string;
  /** What accounts of the cluster have asked of its API server, as its audit log; only where this process started that server. */
  readonly auditLog?: string;
  /** Puts images onto the node, from docker-archive files. */
  loadImages(archives: readonly string[]): Promise<void>;
  /** Takes everything away again that the start has made; may be called more than once. */
  close(): Promise<void>;
}

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

export interface StartOptions {
  /** Told what is being done, a line each. Default: nobody. */
  onLine?: (line: string) => void;
  /** Aborts the start, which then removes everything that it has created. */
  signal?: AbortSignal;
}

/** @throws {ClusterError}; the signal's reason when it was aborted */
export async function startCluster(options: StartOptions = {}): Promise<Cluster> {
  const { onLine = () => {} } = options;
  const choice = process.env.VIDEOPUSH_E2E_CLUSTER ?? '';
  switch (choice) {
    case 'current':
      return useCurrent(options);
    case 'kind':
      onLine('cluster: kind (VIDEOPUSH_E2E_CLUSTER)');
      return startKind(options);
    case 'node':
      onLine('cluster: a node from the pinned programs (VIDEOPUSH_E2E_CLUSTER)');
      return startNode(options);
    case '':
      break;
    default:
      throw new ClusterError('BadChoice', `VIDEOPUSH_E2E_CLUSTER=${choice} is unknown`, {
        cause: 'it is current, kind or node',
        action: 'set one of these, or nothing',
      });
  }
  const obstacle = await kindUsable(options.signal);
  if (obstacle === null) {
    onLine('cluster: kind, since it and a Docker daemon were found');
    return startKind(options);
  }
  onLine(`cluster: a node from the pinned programs (no kind: ${obstacle})`);
  return startNode(options);
}
