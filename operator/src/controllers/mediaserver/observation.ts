/** Everything that a decision about one media server rests on, looked up once and then left as it is. */

import type { MediaServer } from '@videopush/resources';
import type { ServerCredentials } from '@videopush/resources/builders/credentials';
import type { PathState, ServerPath } from '@videopush/resources/builders/mediaserver';
import type { KubeObject, ObjectMeta } from '@videopush/resources/objects';
import type { Judgement } from '../shared/drift.ts';
import type { ServerPod } from './pod.ts';

/** A MediaServer as the API server keeps it. */
export type StoredServer = Omit<MediaServer, 'metadata'> & {
  metadata: ObjectMeta & { namespace: string; uid: string };
};

/** What the server's API said. */
export type ApiView =
  /** there is nothing to ask: no pod, or not yet an address */
  | { state: 'Unasked' }
  /** `milliseconds`: since it last answered, or since it could first have done so */
  | { state: 'Silent'; error: string; milliseconds: number }
  | { state: 'Answered'; paths: readonly PathState[] };

export interface Observation {
  server: StoredServer;
  /** that the streams of its namespace publish to, those included that a stream just left */
  paths: readonly ServerPath[];
  /** some of them only wait for their publisher to leave */
  lingering: boolean;
  /** null for a server that runs elsewhere */
  credentials: ServerCredentials | null;
  /** ConfigMap, Deployment and Services of our names, whosever they are */
  children: readonly KubeObject[];
  /** the one at work or about to be */
  pod: ServerPod | null;
  api: ApiView;
  /** Secrets that were made a short while ago: they can't be read, so they are made again now and then */
  createdSecrets: ReadonlySet<string>;
  /** what an apply of this object would do */
  judge: (desired: KubeObject, stored: KubeObject | null) => Judgement;
  now: Date;
}
