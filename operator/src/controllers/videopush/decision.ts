/**
 * What a decision about one stream rests on and consists of: facts, how the stream stands as
 * a whole, what is done about it.
 */
import type { Defaults } from '@videopush/resources/builders/defaults';
import type { JetStreamPlace, StreamObjects } from '@videopush/resources/builders/videopush';
import type { KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import type { ClusterChanges } from '../shared/cluster-changes.ts';
import type { Problem } from '../shared/problem.ts';
import type { Desired } from './desired.ts';
import type { Observation, Workload } from './observation.ts';

/** What was observed, and what more than one step asks about it. */
export interface Facts {
  observed: Observation;
  defaults: Defaults;
  /** workloads of this very stream */
  mine: readonly Workload[];
  /** fields of the specification that changed since the objects were applied; null when that is not known */
  changes: readonly string[] | null;
  /** everything was sent, and the source is still the one that was sent */
  completed: boolean;
  desired: Desired;
  /** what a new stream has to wait for */
  gate: Problem | null;
}

/** Facts of a stream whose objects could be built. */
export interface BuiltFacts extends Facts {
  objects: StreamObjects;
  /** the JetStream stream that nobody uses when the pods go to another NATS */
  leftQueue: JetStreamPlace | null;
}

/** How a stream stands as a whole; its status is judged by it. */
export type Situation =
  | { kind: 'Terminating' }
  /** cannot be done as it is asked for */
  | { kind: 'Refused'; problem: Problem }
  | { kind: 'Completed' }
  | { kind: 'Suspended'; stopped: boolean }
  /** has not begun, because something it needs does not exist yet */
  | { kind: 'Waiting'; problem: Problem }
  /** what ran before has to be gone first */
  | { kind: 'Clearing' }
  /** `trouble`: what may explain why it does not get well */
  | { kind: 'Live'; trouble?: Problem | undefined };

export interface Plan extends ClusterChanges {
  situation: Situation;
  jetStreamDeletes: readonly JetStreamPlace[];
  /**
   * the stream in a NATS server that is not the desired one: deleted before the applies, if that is possible
   */
  leftQueue?: JetStreamPlace;
  /** of ours; undefined: as they are. Set before everything else, removed after it. */
  finalizers?: readonly string[];
  events: readonly EventWords[];
  /** milliseconds */
  requeueAfter?: number;
}

/** A plan that does nothing in this situation, to be extended by what it does. */
export function planFor(situation: Situation): Plan {
  return { situation, deletes: [], applies: [], podAnnotations: [], jetStreamDeletes: [], events: [] };
}

/** Milliseconds between checks for something that is ending. */
export const CLEARING_RETRY = 5_000;

/** The plan of a stream whose predecessor, or former shape, has to go first. */
export const clearing = (deletes: readonly KubeObject[]): Plan => ({
  ...planFor({ kind: 'Clearing' }),
  deletes,
  requeueAfter: CLEARING_RETRY,
});
