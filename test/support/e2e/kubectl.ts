/** The pinned kubectl on the cluster of a kubeconfig, for tests that have an API server and no more. */
import { kubernetesTool } from '../../../scripts/paths.mjs';
import { execute } from '../cluster/command.ts';

const LIMIT = 90_000;

/** Its standard output. @throws ClusterError with what it printed when it fails */
export const kubectl = (
  kubeconfig: string,
  args: readonly string[],
  options: { input?: string } = {},
): Promise<string> =>
  execute(kubernetesTool('kubectl'), [`--kubeconfig=${kubeconfig}`, ...args], {
    limitMilliseconds: LIMIT,
    ...options,
  });
