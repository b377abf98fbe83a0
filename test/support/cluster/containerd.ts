/** The container runtime of a node: its own containerd with a pod network, and images imported from files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from './command.ts';
import type { Command } from './control-plane.ts';

/** Image of the process that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'localhost/pause:3.10';

const IMPORT_MILLISECONDS = 180_000;

export const containerdSocket = (folder: string): string => join(folder, 'containerd.sock');

/** Writes its configuration. @param podRange e.g. `10.244.0.0/24` */
export function containerd(folder: string, slot: number, podRange: string): Command {
  const [config, networks] = [join(folder, 'containerd.toml'), join(folder, 'cni')];
  mkdirSync(networks, { recursive: true });
  writeFileSync(config, configuration(folder, networks));
  writeFileSync(join(networks, '10-videopush.conflist'), podNetwork(folder, slot, podRange));
  return { name: 'containerd', file: 'containerd', args: ['--config', config] };
}

function configuration(folder: string, networks: string): string {
  return `version = 2
root = "${join(folder, 'containerd')}"
state = "/run/containerd-state"
# Another value is refused where the machine does not grant CAP_SYS_RESOURCE.
oom_score = 0
[grpc]
  address = "${containerdSocket(folder)}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

function podNetwork(folder: string, slot: number, podRange: string): string {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: podRange }]],
    dataDir: join(folder, 'pod-addresses'),
  };
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: `videopush-${slot}`,
    plugins: [
      { type: 'bridge', bridge: 'pods', isDefaultGateway: true, hairpinMode: true, ipMasq: false, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/**
 * Waits until a containerd that has just been started answers on its socket.
 * @throws {ClusterError} why the last try failed; the signal's reason when it was aborted
 */
export async function untilAnswers(
  socket: string,
  limitMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + limitMilliseconds;
  for (;;) {
    try {
      await execute('ctr', ['--address', socket, 'version'], { limitMilliseconds: 5_000, signal });
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100, undefined, { signal });
    }
  }
}

/**
 * Imports docker-archives, one after the other: the import is bound by one disk.
 * @param socket of the containerd
 */
export async function importImages(
  socket: string,
  archives: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const archive of archives) {
    await execute('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive], {
      limitMilliseconds: IMPORT_MILLISECONDS,
      ...(signal ? { signal } : {}),
    });
  }
}
