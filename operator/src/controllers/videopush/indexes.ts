/** The indexes in which the controller of streams finds objects. */

import { LABELS, selectorLabels } from '@videopush/resources/builders/names';
import { MEDIA_SERVERS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, objectKey } from '@videopush/resources/objects';
import { PODS } from '../../kube/kinds.ts';
import type { Index } from '../../kube/store.ts';
import type { OperatorContext } from '../../runtime/controller-spec.ts';
import { serversOf } from '../shared/server-keys.ts';

export interface StreamIndexes {
  /** of a stream, by its key */
  pods: Index;
  /** VideoPushes by the keys of servers that their outputs name */
  pushesByServer: Index;
  serversByUid: Index;
}

export function streamIndexes(context: OperatorContext): StreamIndexes {
  return {
    pods: context.store(PODS).index(keyOfPod),
    pushesByServer: context.store(VIDEO_PUSHES).index(serversOf),
    serversByUid: context.store(MEDIA_SERVERS).index(({ metadata: { uid } }) => (uid ? [uid] : [])),
  };
}

const COMPONENTS = (['stream', 'decoder', 'encoder'] as const).map(
  (component) => selectorLabels('', component)[LABELS.name],
);

/** The key of the VideoPush whose workloads' labels the pod carries. */
export function keyOfPod({ metadata: { namespace, labels = {} } }: KubeObject): string[] {
  const owner = labels[LABELS.instance];
  return owner && COMPONENTS.includes(labels[LABELS.name]) ? [objectKey(namespace, owner)] : [];
}
