/** Everything that a decision about one stream rests on, looked up once and then left as it is. */

import type { MediaServer, VideoPush } from '@videopush/resources';
import type { KubeObject, ObjectMeta } from '@videopush/resources/objects';
import type { Judgement } from '../shared/drift.ts';
import type { Jump } from '../workers/source-jumps.ts';
import type { Role, WorkerFacts } from '../workers/worker-facts.ts';
import type { Pod } from './pods.ts';

/** A VideoPush as the API server keeps it. */
export type StoredPush = Omit<VideoPush, 'metadata'> & {
  metadata: ObjectMeta & { namespace: string; uid: string };
};

export interface ObservedServer {
  server: MediaServer;
  /** the server's own condition */
  ready: boolean;
  /** paths of this stream that the server was not seen to have yet; none for a server that runs elsewhere */
  missingPaths: readonly string[];
  /** with its publisher; undefined where everybody may publish */
  publishSecret?: string | undefined;
}

/** batch/v1 Job or apps/v1 Deployment, as far as it is read. */
export interface Workload extends KubeObject {
  spec?: { suspend?: boolean; replicas?: number };
  status?: {
    observedGeneration?: number;
    updatedReplicas?: number;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
    completionTime?: string;
  };
}

export interface Observation {
  push: StoredPush;
  /** every server that an output names; null: there is none of that name */
  servers: Readonly<Record<string, ObservedServer | null>>;
  /** the ConfigMap of our name, whosever it is */
  config: KubeObject | null;
  /** Jobs and Deployments with the names of children of this stream, whosever they are */
  workloads: readonly Workload[];
  /** of this stream's workloads, also of those that are gone */
  pods: readonly Pod[];
  /** what the roles' pages said last; null when that is not known */
  workers: Readonly<Record<Role, WorkerFacts | null>>;
  /** of the source, while its pod is not placed yet; null: not asked */
  claim: 'Present' | 'Missing' | null;
  /** of role processes and containers, since the stream was created; never less than before */
  restarts: number;
  /** corrections of the source's timestamps that are new since the last observation */
  jumps: readonly Jump[];
  /** what an apply of this object would do */
  judge: (desired: KubeObject, stored: KubeObject | null) => Judgement;
  now: Date;
}
