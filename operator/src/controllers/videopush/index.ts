/** The controller of VideoPushes: what it watches, and how the manager runs it. */

import { MEDIA_SERVERS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS } from '../../kube/kinds.ts';
import type { ControllerSpec } from '../../runtime/controller-spec.ts';
import { toItself, toOwner } from '../../runtime/watches.ts';
import type { ControlContext } from '../shared/context.ts';
import { VideoPushController } from './controller.ts';
import { keyOfPod, streamIndexes } from './indexes.ts';

export const VIDEO_PUSH_CONTROLLER = 'videopush';

export function videoPushController(context: ControlContext): ControllerSpec {
  const indexes = streamIndexes(context);
  const wake = (key: string): void => context.enqueueAfter(VIDEO_PUSH_CONTROLLER, key, 0);
  const controller = new VideoPushController(context, indexes, wake);
  const pushesOf = (server: string): string[] => indexes.pushesByServer.get(server).map(keyOf);
  context.paths.subscribe(({ serverUid }) => {
    for (const server of indexes.serversByUid.get(serverUid)) pushesOf(keyOf(server)).forEach(wake);
  });
  return {
    name: VIDEO_PUSH_CONTROLLER,
    reconcile: (key, signal) => controller.reconcile(key, signal),
    background: (signal) => controller.background(signal),
    watches: [
      toItself(VIDEO_PUSHES),
      toOwner(CONFIG_MAPS, VIDEO_PUSHES),
      toOwner(JOBS, VIDEO_PUSHES),
      toOwner(DEPLOYMENTS, VIDEO_PUSHES),
      { kind: PODS, keys: keyOfPod },
      { kind: MEDIA_SERVERS, keys: (server) => pushesOf(keyOf(server)), matters: serverMatters },
    ],
  };
}

/** Whether a server changed in what its streams use: its specification, readiness or addresses. */
function serverMatters(before: KubeObject, after: KubeObject): boolean {
  return digest(before) !== digest(after);
}

function digest({ metadata: { uid, generation, deletionTimestamp }, ...object }: KubeObject): string {
  const { conditions = [], endpoints } = (object.status ?? {}) as {
    conditions?: { type: string; status: string }[];
    endpoints?: unknown;
  };
  const ready = conditions.find(({ type }) => type === 'Ready')?.status;
  return JSON.stringify([uid, generation, deletionTimestamp, ready, endpoints]);
}
