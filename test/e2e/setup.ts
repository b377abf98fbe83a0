/** Starts a cluster with the images and the chart's release before all test files, and ends it afterwards. */
import type { TestProject } from 'vitest/node';
import { stringify } from 'yaml';
import { type Cluster, startCluster } from '../support/cluster/index.ts';
import {
  CHART,
  OPERATOR_NAMESPACE,
  RELEASE,
  RELEASE_SETTINGS,
  releaseHelm,
  WAIT,
} from '../support/e2e/suite.ts';
import { testImages } from '../support/images.ts';

const say = (line: string): void => console.log(`e2e: ${line}`);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const images = await testImages({ onLine: say });
  const cluster = await startCluster({ onLine: say });
  const close = async (): Promise<void> => {
    await leave(cluster);
    await cluster.close();
  };
  try {
    await cluster.loadImages(images.archives);
    await install(cluster);
  } catch (error) {
    await close();
    throw error;
  }
  const { kind, kubeconfig, auditLog = null } = cluster;
  const isPart = project.vitest.config.shard !== undefined;
  project.provide('suite', { kind, kubeconfig, auditLog, isPart, images });
  return close;
}

/** Installs the chart into a namespace with the restricted Pod Security Standard. */
async function install(cluster: Cluster): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE, labels } };
  await cluster.kubectl(['apply', '-f', '-'], { input: stringify(namespace) });
  const since = performance.now();
  await releaseHelm(cluster, 'install', RELEASE, CHART, ...RELEASE_SETTINGS, ...WAIT);
  say(`helm install took ${((performance.now() - since) / 1000).toFixed(1)} s`);
}

/** Removes the release from an existing cluster; a node that this process started ends with its contents. */
async function leave(cluster: Cluster): Promise<void> {
  if (cluster.kind === 'node') return;
  await releaseHelm(cluster, 'uninstall', RELEASE, '--ignore-not-found', ...WAIT).catch(() => {});
  const objects = ['namespace', OPERATOR_NAMESPACE, '--ignore-not-found'];
  await cluster.kubectl(['delete', ...objects], { limitMilliseconds: 120_000 }).catch(() => {});
}
