/** A cluster of kind (Kubernetes in Docker), on machines that have both programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf } from './client.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { type CommandOptions, execute } from './command.ts';
import { ClusterError } from './errors.ts';
import { closeOnSignals } from './signals.ts';

const START_MILLISECONDS = 300_000;
const LOAD_MILLISECONDS = 180_000;

/** Autoscaling as fast as on our own node. */
const CONFIG = {
  kind: 'Cluster',
  apiVersion: 'kind.x-k8s.io/v1alpha4',
  nodes: [
    {
      role: 'control-plane',
      kubeadmConfigPatches: [
        JSON.stringify({
          kind: 'ClusterConfiguration',
          apiVersion: 'kubeadm.k8s.io/v1beta3',
          controllerManager: {
            extraArgs: {
              'horizontal-pod-autoscaler-sync-period': '5s',
              'horizontal-pod-autoscaler-initial-readiness-delay': '5s',
              'horizontal-pod-autoscaler-cpu-initialization-period': '10s',
              'horizontal-pod-autoscaler-downscale-stabilization': '15s',
            },
          },
        }),
      ],
    },
  ],
};

/** Why kind can't be used here; null when it can. */
export async function kindUsable(signal?: AbortSignal): Promise<string | null> {
  const options = { limitMilliseconds: 20_000, ...(signal ? { signal } : {}) };
  try {
    await execute('kind', ['version'], options);
  } catch {
    signal?.throwIfAborted();
    return 'the program was not found';
  }
  try {
    await execute('docker', ['version', '--format', '{{.Server.Version}}'], options);
    return null;
  } catch {
    signal?.throwIfAborted();
    return 'no Docker daemon answers';
  }
}

export async function startKind({ onLine = () => {}, signal }: StartOptions = {}): Promise<Cluster> {
  const obstacle = await kindUsable(signal);
  if (obstacle !== null) {
    throw new ClusterError('ToolMissing', 'a kind cluster cannot be started', {
      cause: obstacle,
      action: 'install kind and start Docker, or choose another cluster by VIDEOPUSH_E2E_CLUSTER',
    });
  }
  // A cluster of the same name can only be left over from an earlier process: kind then says so.
  const name = `videopush-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'videopush-kind-'));
  const [kubeconfig, config] = [join(folder, 'kubeconfig'), join(folder, 'kind.json')];
  writeFileSync(config, JSON.stringify(CONFIG));
  const kind = (args: string[], options: CommandOptions) =>
    execute('kind', [...args, '--name', name], options);
  let closed: Promise<void> | undefined;
  const close = () => {
    forget();
    closed ??= kind(['delete', 'cluster', '--kubeconfig', kubeconfig], { limitMilliseconds: 120_000 }).then(
      () => rmSync(folder, { recursive: true, force: true }),
    );
    return closed;
  };
  const forget = closeOnSignals(close);
  try {
    const files = ['--config', config, '--kubeconfig', kubeconfig];
    await kind(['create', 'cluster', ...files, '--wait', '180s'], {
      limitMilliseconds: START_MILLISECONDS,
      ...(signal ? { signal } : {}),
    });
    const client = clientOf(kubeconfig, folder, false);
    const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
    const nodeAddress = (await client.kubectl(['get', 'nodes', '-o', `jsonpath=${path}`])).trim();
    onLine(`kind cluster ${name} up, node ${nodeAddress}`);
    return {
      kind: 'kind',
      kubeconfig,
      nodeAddress,
      ...client,
      async loadImages(archives) {
        for (const archive of archives) {
          await kind(['load', 'image-archive', archive], { limitMilliseconds: LOAD_MILLISECONDS });
        }
      },
      close,
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}
