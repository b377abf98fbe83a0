/** The status of a stream and what is worth telling of its change. Pure. */

import { ManifestError, type VideoPush } from '@videopush/resources';
import {
  CONDITIONS,
  type Condition,
  type ConditionDraft,
  REASONS,
  settleConditions,
} from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { streamOutputs } from '@videopush/resources/builders/videopush';
import { effectiveOnEnd, sourceLabel } from '@videopush/resources/builders/worker-config';
import { withoutUndefined } from '@videopush/resources/objects';
import type { Problem } from '../shared/problem.ts';
import { steadyMessages } from '../shared/status.ts';
import {
  aspects,
  aspectsAtRest,
  found,
  judgeReady,
  type LiveView,
  liveView,
  type Verdict,
} from './conditions.ts';
import type { Situation } from './decision.ts';
import { completedJob, contextOf } from './desired.ts';
import type { Observation } from './observation.ts';
import { containerOf } from './pods.ts';

export type PushStatus = NonNullable<VideoPush['status']>;

export interface Judged {
  status: PushStatus;
  ready: Verdict;
}

/** `failure`: what the API server said when the plan was carried out. */
export function judgeStatus(
  observed: Observation,
  situation: Situation,
  defaults: Defaults,
  failure: Problem | null = null,
): Judged {
  const { push, now } = observed;
  const before = push.status?.conditions ?? [];
  const view = liveView(observed, situation.kind === 'Live' ? situation.trouble : undefined);
  const ready = failure ? found(failure) : summary(situation, view);
  const drafts = [...readyDrafts(ready), ...aspectDrafts(situation, view, ready)];
  const conditions = settleConditions(
    before as Condition[],
    steadyMessages(before, drafts),
    push.metadata.generation ?? 0,
    now,
  );
  return { ready, status: withoutUndefined({ ...facts(observed, situation, view, defaults), conditions }) };
}

/** Ready in one word, by where the stream stands. */
function summary(situation: Situation, view: LiveView): Verdict {
  const way = (reason: string, message: string): Verdict => ({
    ready: false,
    stalled: false,
    reason,
    message,
    problem: false,
  });
  const good = (reason: string, message: string): Verdict => ({ ...way(reason, message), ready: true });
  switch (situation.kind) {
    case 'Terminating':
      return way(REASONS.terminating, 'The stream is being deleted');
    case 'Refused':
    case 'Waiting':
      return found(situation.problem);
    case 'Completed':
      return good(REASONS.completed, 'Everything was sent');
    case 'Suspended':
      if (situation.stopped) return good(REASONS.suspended, 'The stream is suspended, as asked');
      return way(REASONS.terminating, 'The stream is being stopped');
    case 'Clearing':
      return way(REASONS.updating, 'What ran before has to end first');
    case 'Live':
      return judgeReady(view);
  }
}

/** The conditions of a verdict. Reconciling and Stalled exist only while they are True (kstatus). */
function readyDrafts({ ready, stalled, reason, message }: Verdict): ConditionDraft[] {
  const drafts: ConditionDraft[] = [
    { type: CONDITIONS.ready, status: ready ? 'True' : 'False', reason, message },
  ];
  if (!ready) {
    const type = stalled ? CONDITIONS.stalled : CONDITIONS.reconciling;
    drafts.push({ type, status: 'True', reason, message });
  }
  return drafts;
}

function aspectDrafts(situation: Situation, view: LiveView, { reason, message }: Verdict): ConditionDraft[] {
  if (situation.kind === 'Completed') return aspectsAtRest(reason, message, true);
  if (situation.kind === 'Live') return aspects(view);
  // A refused change leaves what runs as it is, and that is still worth knowing.
  if (situation.kind === 'Refused' && view.encoder.pod) return aspects(view);
  return aspectsAtRest(reason, message, false);
}

function facts(
  observed: Observation,
  situation: Situation,
  view: LiveView,
  defaults: Defaults,
): Omit<PushStatus, 'conditions'> {
  const { push, restarts, now } = observed;
  const before = push.status ?? {};
  const done = situation.kind === 'Completed';
  // Another broadcast of the same resource has a beginning of its own.
  const again = before.completionTime !== undefined && !done && situation.kind !== 'Terminating';
  const startTime = again ? undefined : before.startTime;
  const pod = view.encoder.pod ?? view.decoder.pod;
  const live = situation.kind === 'Live' || situation.kind === 'Refused';
  return {
    observedGeneration: push.metadata.generation,
    source: sourceLabel(push.spec.source),
    onEnd: effectiveOnEnd(push.spec.source),
    outputs: outputsOf(observed, defaults),
    podName: live ? pod?.metadata.name : undefined,
    nodeName: live ? pod?.spec?.nodeName : undefined,
    decoder: live ? decoderPlace(view) : undefined,
    startTime: startTime ?? (live && view.encoder.ready ? seconds(now) : undefined),
    completionTime: done ? completionTime(observed) : undefined,
    restarts: Math.max(before.restarts ?? 0, restarts),
    queueCapacityFrames: live ? (view.decoder.facts?.queueCapacity ?? before.queueCapacityFrames) : undefined,
  };
}

/** The pod and node of the decoder of a split stream; undefined for others, whose decoder has no own pod. */
function decoderPlace({ decoder: { pod }, encoder }: LiveView): PushStatus['decoder'] {
  if (!pod || containerOf(pod, 'encoder') || pod === encoder.pod) return undefined;
  return withoutUndefined({ podName: pod.metadata.name, nodeName: pod.spec?.nodeName });
}

function completionTime({ push, workloads, now }: Observation): string {
  return push.status?.completionTime ?? completedJob(workloads)?.status?.completionTime ?? seconds(now);
}

/**
 * The outputs of the stream. While they cannot be computed, the last ones stay: a missing server may come
 * back.
 */
function outputsOf(observed: Observation, defaults: Defaults): PushStatus['outputs'] {
  try {
    return streamOutputs(contextOf(observed, defaults));
  } catch (error) {
    if (error instanceof ManifestError) return observed.push.status?.outputs;
    throw error;
  }
}

const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
