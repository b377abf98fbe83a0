/** The commands of etcd, the API server, the controller manager and the scheduler. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesTool } from '../../../scripts/paths.mjs';
import type { Pki } from './pki.ts';

/** Time limit for the start of a part, which takes seconds, or more while the machine builds something. */
export const PART_MILLISECONDS = 90_000;

export interface Command {
  name: string;
  file: string;
  args: string[];
}

/** @param ports of the loopback: for clients and, though alone, for peers */
export function etcd(folder: string, ports: { client: number; peer: number }): Command {
  const [client, peer] = [`http://127.0.0.1:${ports.client}`, `http://127.0.0.1:${ports.peer}`];
  return {
    name: 'etcd',
    file: kubernetesTool('etcd'),
    args: [
      '--name=test',
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=test=${peer}`,
      // The data dies with the run.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
  };
}

export interface ApiServerPlace {
  etcdPort: number;
  /** Address it listens on. */
  bind: string;
  port: number;
  /** Address written into the Service `kubernetes`; none: that Service gets no endpoint. */
  advertise?: string;
  serviceRange: string;
}

export function apiServer(folder: string, pki: Pki, place: ApiServerPlace): Command {
  const own = place.advertise
    ? [`--advertise-address=${place.advertise}`]
    : ['--endpoint-reconciler-type=none', '--advertise-address=127.0.0.1'];
  return {
    name: 'kube-apiserver',
    file: kubernetesTool('kube-apiserver'),
    args: [
      `--etcd-servers=http://127.0.0.1:${place.etcdPort}`,
      `--bind-address=${place.bind}`,
      `--secure-port=${place.port}`,
      ...own,
      ...audit(folder),
      `--service-cluster-ip-range=${place.serviceRange}`,
      `--cert-dir=${join(folder, 'apiserver')}`,
      `--tls-cert-file=${pki.apiServer.certificate}`,
      `--tls-private-key-file=${pki.apiServer.key}`,
      `--client-ca-file=${pki.authority.certificate}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki.serviceAccounts.publicKey}`,
      `--service-account-signing-key-file=${pki.serviceAccounts.key}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--kubelet-client-certificate=${pki.kubeletClient.certificate}`,
      `--kubelet-client-key=${pki.kubeletClient.key}`,
      `--kubelet-certificate-authority=${pki.authority.certificate}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--requestheader-client-ca-file=${pki.frontProxyAuthority.certificate}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${pki.frontProxy.certificate}`,
      `--proxy-client-key-file=${pki.frontProxy.key}`,
    ],
  };
}

const kubeconfigs = (path: string): string[] =>
  ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map((flag) => `--${flag}=${path}`);

export const auditLogOf = (folder: string): string => join(folder, 'audit.log');

/** The audit policy logs requests without bodies, from service accounts other than the cluster's own. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
};

function audit(folder: string): string[] {
  const policy = join(folder, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(AUDIT_POLICY));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLogOf(folder)}`];
}

/** Autoscaling with times that a test can wait for; everything else as Kubernetes has it by itself. */
export function controllerManager(kubeconfig: string, pki: Pki): Command {
  return {
    name: 'kube-controller-manager',
    file: kubernetesTool('kube-controller-manager'),
    args: [
      ...kubeconfigs(kubeconfig),
      `--service-account-private-key-file=${pki.serviceAccounts.key}`,
      `--root-ca-file=${pki.authority.certificate}`,
      `--cluster-signing-cert-file=${pki.authority.certificate}`,
      `--cluster-signing-key-file=${pki.authority.key}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--horizontal-pod-autoscaler-sync-period=5s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=5s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=10s',
      '--horizontal-pod-autoscaler-downscale-stabilization=15s',
    ],
  };
}

export function scheduler(kubeconfig: string): Command {
  const args = [...kubeconfigs(kubeconfig), '--leader-elect=false'];
  return { name: 'kube-scheduler', file: kubernetesTool('kube-scheduler'), args };
}
