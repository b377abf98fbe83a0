/** Everything that a decision about one set of streams rests on. */

import type { VideoPush, VideoPushSet } from '@videopush/resources';
import type { KubeObject, ObjectMeta } from '@videopush/resources/objects';
import type { Judgement } from '../shared/drift.ts';

/** A set as the API server stores it. */
export type StoredSet = Omit<VideoPushSet, 'metadata'> & {
  metadata: ObjectMeta & { namespace: string; uid: string };
};

/** A VideoPush, whosever it is. */
export type StoredMember = KubeObject & Pick<VideoPush, 'status'>;

export interface Observation {
  set: StoredSet;
  /** desired now, stamped, in the order of the sources */
  desired: readonly KubeObject[];
  /** what is stored under the names that are desired, whosever it is */
  stored: ReadonlyMap<string, StoredMember>;
  /** every stream that this set has made, desired or not */
  owned: readonly StoredMember[];
  /** what an apply of this object would do */
  judge: (desired: KubeObject, stored: KubeObject | null) => Judgement;
  now: Date;
}
