/** What can be decided about a media server: the situation that it is in, and what is to be done. Pure. */
import type { ServerPath } from '@videopush/resources/builders/mediaserver';
import type { KubeObject } from '@videopush/resources/objects';
import type { ClusterChanges } from '../shared/cluster-changes.ts';
import type { Problem } from '../shared/problem.ts';

/** The situation of a server as a whole, from which its status follows. */
export type Situation =
  /** cannot be done as it is asked for */
  | { kind: 'Refused'; problem: Problem }
  | { kind: 'External' }
  /** what an earlier server of this name has left has to be gone first */
  | { kind: 'Clearing' }
  | { kind: 'Live' };

/** What a running server is made to change. */
export interface PathChanges {
  addPaths: readonly ServerPath[];
  removePaths: readonly string[];
}

export interface Plan extends ClusterChanges, PathChanges {
  situation: Situation;
  /** an object that exists already is left as it is */
  creates: readonly KubeObject[];
  /** the file has a path before the running server has it, so that no reload takes it away again */
  applies: readonly KubeObject[];
  /** milliseconds */
  requeueAfter?: number;
}
