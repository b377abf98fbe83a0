/** CoreDNS as a process on the node, behind the ClusterIP that pods use as their name server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import type { Command } from './control-plane.ts';
import type { Addresses } from './network.ts';
import { outsideService } from './outside-service.ts';

/** It knows the cluster's names only: nothing outside could be reached from its network. */
export function coredns(folder: string, addresses: Addresses, kubeconfig: string): Command {
  const file = join(folder, 'Corefile');
  writeFileSync(
    file,
    `.:53 {
    bind ${addresses.node}
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${kubeconfig}
        pods insecure
        ttl 5
    }
}
`,
  );
  return { name: 'coredns', file: kubernetesTool('coredns'), args: ['-conf', file] };
}

export function dnsObjects(addresses: Addresses): { path: string; body: unknown }[] {
  return outsideService({
    name: 'kube-dns',
    address: addresses.node,
    clusterIP: addresses.dns,
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, target: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53, target: 53 },
    ],
  });
}
