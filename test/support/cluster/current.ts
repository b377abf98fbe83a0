/** The existing cluster that KUBECONFIG names, which these tests use and do not end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { alive } from '../../../scripts/setup/process-mark.mjs';
import { clientOf } from './client.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { containerdSocket, importImages } from './containerd.ts';
import { ClusterError } from './errors.ts';
import { readState } from './runs.ts';

/** @throws {ClusterError} when KUBECONFIG names no cluster, or the cluster does not answer */
export async function useCurrent(options: StartOptions = {}): Promise<Cluster> {
  const [first] = (process.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (first === undefined) {
    throw new ClusterError('BadChoice', 'VIDEOPUSH_E2E_CLUSTER=current says nothing by itself', {
      cause: 'KUBECONFIG is not set',
      action: 'set KUBECONFIG to the file of the cluster that the tests are to use',
    });
  }
  return await attachCluster(resolve(first), options);
}

/** Attaches to an existing cluster, without responsibility for its end. */
export async function attachCluster(
  kubeconfig: string,
  { onLine = () => {}, signal }: StartOptions = {},
): Promise<Cluster> {
  const ours = readState(dirname(kubeconfig));
  const own = ours !== null && alive(ours.owner);
  const folder = mkdtempSync(join(tmpdir(), 'videopush-client-'));
  const client = clientOf(kubeconfig, folder, !own);
  try {
    const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
    const answer = await client.kubectl(['get', 'nodes', '-o', `jsonpath=${path}`], {
      limitMilliseconds: 30_000,
      ...(signal ? { signal } : {}),
    });
    const nodeAddress = answer.split(' ')[0] ?? '';
    onLine(`using the cluster of ${kubeconfig}, node ${nodeAddress}`);
    return {
      kind: 'current',
      kubeconfig,
      nodeAddress,
      ...client,
      loadImages: (archives) =>
        own ? importImages(containerdSocket(dirname(kubeconfig)), archives) : tellImages(archives, onLine),
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Into a cluster of somebody else no image can be put. */
async function tellImages(archives: readonly string[], onLine: (line: string) => void): Promise<void> {
  if (archives.length === 0) return;
  onLine(
    `this cluster must have the images of ${archives.join(', ')} already: nothing can be loaded into it`,
  );
}
