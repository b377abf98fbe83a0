/** The commands of what runs on every node: the kubelet and kube-proxy. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import { cgroupRoot } from './cgroups.ts';
import { containerdSocket } from './containerd.ts';
import type { Command } from './control-plane.ts';
import type { Addresses } from './network.ts';
import type { NodePki } from './pki.ts';

export interface NodePlace {
  /** The name by which the cluster knows it. */
  name: string;
  folder: string;
  slot: number;
  addresses: Addresses;
  pki: Pick<NodePki, 'authority' | 'kubelet'>;
}

export function kubelet(place: NodePlace, kubeconfig: string): Command {
  const { folder, slot, addresses, pki } = place;
  const resolver = join(folder, 'resolv.conf');
  // Pods that want the machine's own name server get none: it could not be reached from their network.
  writeFileSync(resolver, '');
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: addresses.node,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroupRoot(slot),
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    containerRuntimeEndpoint: `unix://${containerdSocket(folder)}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki.authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki.kubelet.certificate,
    tlsPrivateKeyFile: pki.kubelet.key,
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: resolver,
    volumePluginDir: join(folder, 'volume-plugins'),
    podLogsDir: join(folder, 'pod-logs'),
    staticPodPath: '',
    // A nearly full disk must neither evict pods nor remove images, which could not be pulled again.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'nodefs.inodesFree': '1%' },
    imageGCHighThresholdPercent: 100,
  };
  const file = writeConfig(folder, 'kubelet', config);
  return {
    name: 'kubelet',
    file: kubernetesTool('kubelet'),
    args: [
      `--config=${file}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${place.name}`,
      `--node-ip=${addresses.node}`,
      `--root-dir=${join(folder, 'kubelet')}`,
      `--cert-dir=${join(folder, 'kubelet-certificates')}`,
    ],
  };
}

export function kubeProxy(place: NodePlace, kubeconfig: string): Command {
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    hostnameOverride: place.name,
    clusterCIDR: place.addresses.podRange,
    mode: 'iptables',
    nodePortAddresses: ['primary'],
    oomScoreAdj: 0,
    // These sizes are the whole machine's.
    conntrack: { maxPerCore: 0, min: 0 },
  };
  const file = writeConfig(place.folder, 'kube-proxy', config);
  return { name: 'kube-proxy', file: kubernetesTool('kube-proxy'), args: [`--config=${file}`] };
}

function writeConfig(folder: string, name: string, config: unknown): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
