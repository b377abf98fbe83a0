/** Everything that a decision about one set of streams rests on. */

import type { VideoPush, VideoPushSet } from '@videopush/resources';
import type { KubeObject, ObjectMeta } from '@videopush/resources/objects';
import type { Judgement } from '../shared/applied.ts';

/** As the API server keeps it. */
export type StoredSet = Omit<VideoPushSet, 'metadata'> & {
  metadata: ObjectMeta & { namespace: string; uid: string };
};

/** A VideoPush, whosever it is. */
export type StoredMember = KubeObject & Pick<VideoPush, 'status'>;

export interface Observed {
  set: StoredSet;
  /** wanted now, stamped, in the order of the sources */
  wanted: readonly KubeObject[];
  /** what is stored under the names that are wanted, whosever it is */
  stored: ReadonlyMap<string, StoredMember>;
  /** every stream that this set has made, wanted or not */
  owned: readonly StoredMember[];
  /** what an apply of this object would do */
  judge: (wanted: KubeObject, stored: KubeObject | null) => Judgement;
  now: Date;
}
