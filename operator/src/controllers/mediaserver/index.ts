/** The controller of MediaServers: what it watches, and how the manager runs it. */
import type { ServerApi } from '@videopush/resources/builders/mediaserver';
import { MEDIA_SERVERS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject } from '@videopush/resources/objects';
import { PODS } from '../../kube/kinds.ts';
import type { ControllerSpec } from '../../runtime/controller-spec.ts';
import { toItself, toOwner } from '../../runtime/watches.ts';
import type { ControlContext } from '../shared/context.ts';
import { serversOf } from '../shared/server-keys.ts';
import { MediaServerController } from './controller.ts';
import { CHILDREN, serverIndexes, serverOfPod } from './indexes.ts';
import { ONLY_KIND } from './kinds/index.ts';
import { PathFigures, showFigures } from './metrics.ts';

export const MEDIA_SERVER_CONTROLLER = 'mediaserver';

export function mediaServerController(
  context: ControlContext,
  api: ServerApi = new ONLY_KIND.Api(),
): ControllerSpec {
  const figures = new PathFigures();
  showFigures(context.metrics, figures);
  const controller = new MediaServerController(context, serverIndexes(context), api, figures);
  return {
    name: MEDIA_SERVER_CONTROLLER,
    reconcile: (key, signal) => controller.reconcile(key, signal),
    background: (signal) => controller.background(signal),
    watches: [
      toItself(MEDIA_SERVERS),
      ...CHILDREN.map((kind) => toOwner(kind, MEDIA_SERVERS)),
      { kind: PODS, keys: serverOfPod },
      { kind: VIDEO_PUSHES, keys: serversOf, matters: outputsChanged },
    ],
  };
}

/**
 * Whether the specification of a stream changed, which has the outputs and the codec that its server needs.
 */
const outputsChanged = (before: KubeObject, after: KubeObject): boolean =>
  before.metadata.generation !== after.metadata.generation || before.metadata.uid !== after.metadata.uid;
