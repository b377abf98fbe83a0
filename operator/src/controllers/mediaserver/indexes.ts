/** The copies of the cluster that the controller of media servers looks into. */

import { LABELS, selectorLabels } from '@videopush/resources/builders/names';
import { MEDIA_SERVERS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, objectKey, type ResourceKind } from '@videopush/resources/objects';
import { CONFIG_MAPS, DEPLOYMENTS, PODS, SERVICES } from '../../kube/kinds.ts';
import type { Index } from '../../kube/store.ts';
import type { OperatorContext } from '../../runtime/controller-spec.ts';
import { serversOf } from '../shared/server-keys.ts';

export interface ServerIndexes {
  /** by namespace/name of a server that one of their outputs names */
  pushesByServer: Index;
  /** by namespace/name of the server that they run */
  podsByServer: Index;
}

export function serverIndexes(context: OperatorContext): ServerIndexes {
  // Asked for here, before the manager runs.
  for (const kind of [MEDIA_SERVERS, ...CHILDREN]) context.store(kind);
  return {
    pushesByServer: context.store(VIDEO_PUSHES).index(serversOf),
    podsByServer: context.store(PODS).index(serverOfPod),
  };
}

/** What a server is made of, beside its Secrets. */
export const CHILDREN: readonly ResourceKind[] = [CONFIG_MAPS, DEPLOYMENTS, SERVICES];

const SERVER_POD = selectorLabels('', 'media-server')[LABELS.name];

/** Key of the server that a pod runs, by its labels; only what a Deployment has made counts. */
export function serverOfPod({
  metadata: { namespace, labels = {}, ownerReferences = [] },
}: KubeObject): string[] {
  const made = ownerReferences.some(({ controller, kind }) => controller && kind === 'ReplicaSet');
  const name = labels[LABELS.instance];
  return made && labels[LABELS.name] === SERVER_POD && name ? [objectKey(namespace, name)] : [];
}
