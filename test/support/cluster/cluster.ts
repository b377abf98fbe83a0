/** What every cluster for tests offers, whichever one it is. */
import type { Client } from './client.ts';

export interface Cluster extends Client {
  readonly kind: 'current' | 'kind' | 'node';
  /** Absolute path of its administrator's configuration. */
  readonly kubeconfig: string;
  /**
   * Address of a node, at which this process reaches NodePorts. On `node`, pod IPs
   * and ClusterIPs are reached too.
   */
  readonly nodeAddress: string;
  /**
   * What accounts of the cluster have asked of its API server, as its audit log; only where
   * this process started that server.
   */
  readonly auditLog?: string;
  /** Puts images onto the node, from docker-archive files. */
  loadImages(archives: readonly string[]): Promise<void>;
  /** Takes everything away again that the start has made; may be called more than once. */
  close(): Promise<void>;
}

export interface StartOptions {
  /** Told what is being done, a line each. Default: nobody. */
  onLine?: (line: string) => void;
  /** Aborts the start, which then removes everything that it has created. */
  signal?: AbortSignal;
}
