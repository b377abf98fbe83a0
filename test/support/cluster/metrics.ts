/** CPU and memory of pods (`kubectl top`, autoscaling): metrics-server as a process on the node. */
import { readFileSync } from 'node:fs';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import type { Command } from './control-plane.ts';
import { outsideService } from './outside-service.ts';
import type { Identity } from './pki.ts';

const PORT = 4443;

export const METRICS_API = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';

/** Polls the kubelet every 10 s, the shortest interval allowed. @param authority signs its certificate */
export function metricsServer(kubeconfig: string, authority: Identity, identity: Identity): Command {
  return {
    name: 'metrics-server',
    file: kubernetesTool('metrics-server'),
    args: [
      ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
        (flag) => `--${flag}=${kubeconfig}`,
      ),
      `--secure-port=${PORT}`,
      `--tls-cert-file=${identity.certificate}`,
      `--tls-private-key-file=${identity.key}`,
      `--kubelet-certificate-authority=${authority.certificate}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-request-timeout=5s',
      '--metric-resolution=10s',
    ],
  };
}

/** @param address of the process @param authority of its certificate */
export function metricsObjects(address: string, authority: Identity): { path: string; body: unknown }[] {
  const name = 'metrics-server';
  const ports = [{ name: 'https', protocol: 'TCP', port: 443, target: PORT }] as const;
  return [
    ...outsideService({ name, address, ports: [...ports] }),
    {
      path: '/apis/apiregistration.k8s.io/v1/apiservices',
      body: {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1beta1.metrics.k8s.io' },
        spec: {
          group: 'metrics.k8s.io',
          version: 'v1beta1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
          service: { name, namespace: 'kube-system', port: 443 },
          caBundle: readFileSync(authority.certificate).toString('base64'),
        },
      },
    },
  ];
}
