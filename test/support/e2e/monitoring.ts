/** Installs missing CRDs of the Prometheus operator, to check the chart's objects of these kinds. */
import { join } from 'node:path';
import { fetchModule } from '../../../scripts/setup/go-module.mjs';
import type { Cluster } from '../cluster/index.ts';

const PLURALS = ['podmonitors', 'prometheusrules', 'servicemonitors'];

/**
 * @param folder for temporary files
 * @returns a function that removes the installed CRDs
 */
export async function bringMonitoring(cluster: Cluster, folder: string): Promise<() => Promise<void>> {
  const names = (await cluster.kubectl(['get', 'crd', '-o', 'name'])).split('\n');
  const missing = PLURALS.filter((plural) => !names.some((name) => name.includes(`/${plural}.monitoring.`)));
  const module = await fetchModule('prometheus-operator', folder);
  const files = missing.map((plural) =>
    join(module, 'example', 'prometheus-operator-crd', `monitoring.coreos.com_${plural}.yaml`),
  );
  for (const file of files) {
    await cluster.kubectl(['apply', '--server-side', '-f', file]);
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', file]);
  }
  return async () => {
    for (const file of files) await cluster.kubectl(['delete', '--ignore-not-found', '-f', file]);
  };
}
