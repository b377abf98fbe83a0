/** The cluster and the release of the chart that all test files share; test/e2e/setup.ts creates both. */
import { join } from 'node:path';
import { inject } from 'vitest';
import { repoRoot } from '../../../scripts/paths.mjs';
import { attachCluster, type Cluster } from '../cluster/index.ts';
import type { TestImages } from '../images.ts';

export interface SuiteFacts {
  kind: Cluster['kind'];
  kubeconfig: string;
  auditLog: string | null;
  /** Whether only a part of the test files runs (`--shard`). */
  isPart: boolean;
  images: TestImages;
}

declare module 'vitest' {
  export interface ProvidedContext {
    suite: SuiteFacts;
  }
}

export const RELEASE = 'videopush';
export const OPERATOR_NAMESPACE = 'videopush-system';
export const CHART = join(repoRoot, 'charts', 'videopush');

const HELM_MILLISECONDS = 240_000;

/** A handle on the suite's cluster; closing it releases the handle and leaves the cluster running. */
export const suiteCluster = (): Promise<Cluster> => attachCluster(inject('suite').kubeconfig);

/** Settings of the suite's release: images as the tests build them, and a small NATS. */
export const RELEASE_SETTINGS = [
  'mediaServer.image.repository=videopush/mediamtx',
  'nats.enabled=true',
  'nats.image.repository=videopush/nats',
  'nats.image.tag=2.15.2',
].flatMap((setting) => ['--set', setting]);

export const WAIT = ['--wait', '--timeout', '180s'];

/** `helm` in the release's namespace. */
export function releaseHelm(cluster: Cluster, ...args: string[]): Promise<string> {
  const namespaced = [...args, '--namespace', OPERATOR_NAMESPACE];
  return cluster.helm(namespaced, { limitMilliseconds: HELM_MILLISECONDS });
}

/** `kubectl` in the release's namespace. */
export function releaseKubectl(cluster: Cluster, ...args: string[]): Promise<string> {
  return cluster.kubectl(['-n', OPERATOR_NAMESPACE, ...args], { limitMilliseconds: 120_000 });
}

/** Resolves when so many operators run and no other. */
export async function scaleOperator(cluster: Cluster, replicas: number): Promise<void> {
  const deployment = `deployment/${RELEASE}`;
  await releaseKubectl(cluster, 'scale', deployment, `--replicas=${replicas}`);
  if (replicas > 0) {
    await releaseKubectl(cluster, 'rollout', 'status', deployment, '--timeout=60s');
  } else {
    const pods = ['pod', '-l', `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=operator`];
    await releaseKubectl(cluster, 'wait', '--for=delete', ...pods, '--timeout=60s');
  }
}
