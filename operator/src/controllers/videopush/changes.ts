/**
 * Which fields of a stream have changed since its objects were applied, and what follows from it, in words.
 * Pure.
 */

import type { VideoPush } from '@videopush/resources';
import { DECODER, ENCODER } from '@videopush/resources/builders/names';
import { readOrigin, templateHash } from '@videopush/resources/builders/origin';
import {
  appliedFields,
  changedFields,
  type StreamObjects,
  specFields,
} from '@videopush/resources/builders/videopush';
import { configText, type KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import { sameObject } from '../shared/ownership.ts';
import type { BuiltFacts } from './decision.ts';
import type { StoredPush, Workload } from './observation.ts';
import { goesOnInQueue } from './queue.ts';

/**
 * Paths such as `spec.video.bitrateKbps`; null when it is not known what was applied.
 * `spec.suspend` is no property of the video.
 */
export function specChanges(config: KubeObject | null, push: StoredPush): string[] | null {
  const applied = config && appliedFields(config);
  if (!applied) return null;
  return changedFields(applied, specFields(push as VideoPush)).filter((field) => field !== 'spec.suspend');
}

/**
 * The event of a change that is carried out now; null when it is the first time, or
 * nothing that anybody would see.
 */
export function describeUpdate({
  observed: { config },
  objects,
  mine,
  changes,
}: BuiltFacts): EventWords | null {
  if (!config || !changes) return null;
  const what = changes.length > 0 ? `${listed(changes)} changed` : otherCause(config, objects.config);
  if (what === null) return null;
  const note = `${what}: ${consequence(config, objects, mine)}`;
  return { type: 'Normal', reason: 'Updated', action: 'Update', note };
}

function otherCause(before: KubeObject, after: KubeObject): string | null {
  const [was, is] = [readOrigin(before), readOrigin(after)];
  if (!was || !is) return null;
  if (was.servers !== is.servers) return 'A MediaServer has another address or other credentials';
  return was.installation === is.installation ? null : 'The operator has other settings or another version';
}

function consequence(config: KubeObject, objects: StreamObjects, stored: readonly Workload[]): string {
  const moved = objects.workloads.filter((desired) => {
    const same = stored.find((workload) => sameObject(workload, desired));
    return !same || templateHash(same) !== templateHash(desired);
  });
  if (moved.some(({ kind }) => kind === 'Job'))
    return goesOnInQueue(config, objects.config)
      ? 'the pods are replaced, and the stream goes on where it is'
      : 'the stream starts again from the beginning';
  if (moved.length > 1) return 'the pods are replaced';
  if (moved.length > 0 || differs(DECODER.key, config, objects.config)) return 'the pod is replaced';
  if (differs(ENCODER.key, config, objects.config))
    return 'the encoder goes on with it, its pod and the decoder stay';
  return 'nothing restarts';
}

function differs(key: string, before: KubeObject, after: KubeObject): boolean {
  return configText(before, key) !== configText(after, key);
}

/** A list that does not get long. */
function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
