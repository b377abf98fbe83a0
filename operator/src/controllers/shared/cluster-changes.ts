/** What a plan changes in the cluster: alike for streams and media servers, made by ResourceWriter. */
import type { KubeObject } from '@videopush/resources/objects';

export interface PodAnnotations {
  pod: KubeObject;
  annotations: Record<string, string>;
}

/** In the order in which they are made. */
export interface ClusterChanges {
  /** by uid, in the background */
  deletes: readonly KubeObject[];
  /** in this order */
  applies: readonly KubeObject[];
  podAnnotations: readonly PodAnnotations[];
}
