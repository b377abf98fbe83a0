/** When the running server has to see a new configuration file. Pure. */
import { ANNOTATIONS, contentHash } from '@videopush/resources/builders/names';
import type { KubeObject } from '@videopush/resources/objects';
import type { PodAnnotations } from '../../../shared/cluster-changes.ts';
import { sameObject } from '../../../shared/ownership.ts';
import type { Observation } from '../../observation.ts';

/**
 * Annotates a running pod when its file has changed: an update of the pod makes the kubelet mount the new
 * file at once instead of within 90 s.
 */
export function fileAnnotation({ pod, children }: Observation, config: KubeObject): PodAnnotations[] {
  const stored = children.find((child) => sameObject(child, config));
  const hash = contentHash(config.data);
  const annotated = pod?.metadata.annotations?.[ANNOTATIONS.serverFile];
  if (!pod || !stored || annotated === hash) return [];
  // A pod without the annotation started with the stored file.
  if (annotated === undefined && contentHash(stored.data) === hash) return [];
  return [{ pod, annotations: { [ANNOTATIONS.serverFile]: hash } }];
}
