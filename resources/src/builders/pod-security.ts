/**
 * What every pod of ours has in common: the restricted security profile, and how it
 * behaves when a node is lost. Pure.
 */

/** The user and group of both images; volumes of the pod belong to the group. */
const USER = 1000;

/** Settings of a pod: Kubernetes' profile `restricted`, no token, no environment variables about Services. */
export const RESTRICTED_POD = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  },
  // Full names of Services have four dots: with the usual 5, every look-up asks all search
  // domains first, the node's own too.
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
} as const;

/** Security context of a container. */
export const RESTRICTED_CONTAINER = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

/** Moving a pod breaks a broadcast, so the cluster's autoscaler must not do it to save a node. */
export const STAY = { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } as const;

export interface Toleration {
  key?: string;
  operator?: 'Exists' | 'Equal';
  value?: string;
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  tolerationSeconds?: number;
}

/**
 * How long a pod waits for a node that has gone silent before it starts elsewhere; the
 * cluster's own default is 300 s.
 */
const NODE_LOSS_SECONDS = 30;
const NODE_LOSS_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

/** Those given, and one for each taint of a lost node that none of them speaks of. */
export function tolerations(given: readonly Toleration[] = []): Toleration[] {
  const speaksOf = (taint: string) =>
    given.some(
      ({ key, effect }) =>
        (key === taint || key === undefined || key === '') &&
        (effect === 'NoExecute' || effect === undefined),
    );
  const missing = NODE_LOSS_TAINTS.filter((taint) => !speaksOf(taint)).map(
    (key): Toleration => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: NODE_LOSS_SECONDS,
    }),
  );
  return [...given, ...missing];
}
