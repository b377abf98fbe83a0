/** Storage for tests: a folder of this machine as a volume with a claim that is bound to it. */
import type { Cluster } from './cluster.ts';

const BIND_MILLISECONDS = 30_000;

export interface VolumeOptions {
  /** Default `default`. */
  namespace?: string;
  /** Default `1Gi`; nothing enforces it. */
  size?: string;
  /** Default ReadWriteMany, so that several pods may read it. */
  accessMode?: 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany';
}

/**
 * Makes a PersistentVolume on a folder of the node and a claim of the same name,
 * and waits until they are bound.
 * @param folder absolute; of this machine on `node`, of the node's container on `kind`
 */
export async function hostPathVolume(
  cluster: Pick<Cluster, 'kubectl'>,
  name: string,
  folder: string,
  options: VolumeOptions = {},
): Promise<void> {
  const { namespace = 'default', size = '1Gi', accessMode = 'ReadWriteMany' } = options;
  // A cluster knows volumes by one name for all namespaces.
  const volumeName = `${namespace}-${name}`;
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName },
    spec: {
      capacity: { storage: size },
      accessModes: [accessMode],
      // The folder is the test's.
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      hostPath: { path: folder, type: 'Directory' },
      claimRef: { namespace, name },
    },
  };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: {
      accessModes: [accessMode],
      storageClassName: '',
      volumeName,
      resources: { requests: { storage: size } },
    },
  };
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [volume, claim] });
  await cluster.kubectl(['apply', '-f', '-'], { input });
  await cluster.kubectl([
    ...['wait', `pvc/${name}`, '--namespace', namespace, '--for=jsonpath={.status.phase}=Bound'],
    `--timeout=${BIND_MILLISECONDS / 1000}s`,
  ]);
}
