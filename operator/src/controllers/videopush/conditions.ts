/**
 * The conditions of a stream whose objects are in place: a chain of checks for each, the first
 * that finds something wins. Pure.
 */

import type { VideoPush } from '@videopush/resources';
import { CONDITIONS, type ConditionDraft, REASONS } from '@videopush/resources/builders/conditions';
import { effectiveOnEnd } from '@videopush/resources/builders/worker-config';
import { ownedBy } from '../shared/ownership.ts';
import { type Problem, sentence } from '../shared/problem.ts';
import type { Role } from '../workers/worker-facts.ts';
import { readableFacts } from './messages.ts';
import type { Observation, Workload } from './observation.ts';
import { givenUp, hasSucceeded, type RoleView, roleView } from './pods.ts';

/** Ready with what stands in its way, or without. */
export interface Verdict {
  ready: boolean;
  stalled: boolean;
  reason: string;
  message: string;
  /** found by a check, not just a beginning: worth an event */
  problem: boolean;
}

/** A stream as its pods and pages show it. */
export interface LiveView {
  observed: Observation;
  decoder: RoleView;
  encoder: RoleView;
  /** what may explain why it does not get well */
  trouble: Problem | undefined;
}

type Check = (view: LiveView) => Verdict | null;

export function liveView(observed: Observation, trouble: Problem | undefined): LiveView {
  const view = (role: Role): RoleView => {
    const facts = observed.workers[role];
    return roleView(observed.pods, role, facts && readableFacts(facts, observed.push.spec));
  };
  return { observed, decoder: view('decoder'), encoder: view('encoder'), trouble };
}

export function found({ reason, message, stalled }: Problem): Verdict {
  return { ready: false, stalled, reason, message, problem: true };
}

const onTheWay = (reason: string, message: string): Verdict => ({
  ready: false,
  stalled: false,
  reason,
  message,
  problem: false,
});

const CHECKS: readonly Check[] = [rollout, podless, roleProblem, unreachableServer, beginning];

export function judgeReady(view: LiveView): Verdict {
  for (const check of CHECKS) {
    const verdict = check(view);
    if (verdict) return verdict;
  }
  return wellDone('The source is connected and the stream is published');
}

const wellDone = (message: string): Verdict => ({
  ready: true,
  stalled: false,
  reason: REASONS.running,
  message,
  problem: false,
});

const workloadsOf = ({ observed: { push, workloads } }: LiveView): readonly Workload[] =>
  workloads.filter((workload) => ownedBy(workload, push.metadata.uid));

/** A Deployment that has not heard of its new template yet, or has not made its pod yet. */
function rollout(view: LiveView): Verdict | null {
  const late = workloadsOf(view).find(({ kind, metadata: { generation = 0 }, spec, status }) => {
    if (kind !== 'Deployment') return false;
    const heard = (status?.observedGeneration ?? 0) >= generation;
    return !heard || (status?.updatedReplicas ?? 0) < (spec?.replicas ?? 1);
  });
  const never = view.observed.push.status?.startTime === undefined;
  if (!late || never || !(view.decoder.pod || view.encoder.pod)) return null;
  return onTheWay(REASONS.updating, 'The pod is being replaced');
}

function podless(view: LiveView): Verdict | null {
  if (view.decoder.pod && view.encoder.pod) return null;
  // Its Job is about to say so.
  if (view.observed.pods.some(hasSucceeded)) return wellDone('Everything was sent');
  const refused = workloadsOf(view)
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type, status }) => (type === 'ReplicaFailure' || type === 'Failed') && status === 'True');
  if (refused) {
    const message = `No pod can be made: ${refused.message ?? 'no reason was given'}`;
    return found({ reason: refused.reason || REASONS.unknown, message, stalled: refused.type === 'Failed' });
  }
  const lost = givenUp(view.observed.pods);
  if (lost) return found(lost);
  const which = view.decoder.pod ? 'encoder' : view.encoder.pod ? 'decoder' : 'stream';
  return onTheWay(way(view, REASONS.pending), `The pod of the ${which} is being made`);
}

/** What needs a person comes before what may pass; the source comes before what depends on it. */
function roleProblem({ decoder, encoder, observed: { claim, push } }: LiveView): Verdict | null {
  const problems = [decoder.problem, encoder.problem].filter((problem) => problem !== null);
  const worst = problems.find(({ stalled }) => stalled) ?? problems[0];
  if (!worst) return null;
  const name = push.spec.source.persistentVolumeClaim?.claimName;
  if (claim === 'Missing' && worst.reason === REASONS.unschedulable) {
    const message = `PersistentVolumeClaim "${name}" does not exist in this namespace; the stream starts when it does`;
    return found({ reason: REASONS.claimMissing, message, stalled: false });
  }
  return found(worst);
}

function unreachableServer({ encoder, trouble }: LiveView): Verdict | null {
  return trouble && !encoder.ready ? found(trouble) : null;
}

function beginning(view: LiveView): Verdict | null {
  const { decoder, encoder } = view;
  // Its pod is about to say so.
  if (encoder.status?.state?.terminated?.exitCode === 0) return wellDone('Everything was sent');
  const late = [decoder, encoder].find(({ ready }) => !ready);
  if (!late) return null;
  if (late.facts?.ready.code === 'SourceStalled') {
    return found({ reason: 'SourceStalled', message: sentence(late.facts.ready.message), stalled: false });
  }
  return onTheWay(way(view, REASONS.starting), waitingWords(late));
}

/**
 * Why a stream does not run yet: the last change of it, until that is done. `first`: for one that never ran.
 */
function way({ observed: { push } }: LiveView, first: string): string {
  const { conditions, startTime } = push.status ?? {};
  const before = conditions?.find(({ type }) => type === CONDITIONS.ready)?.reason;
  if (before === REASONS.suspended || before === REASONS.resuming) return REASONS.resuming;
  if (before === REASONS.updating) return REASONS.updating;
  return startTime === undefined ? first : REASONS.restarting;
}

function waitingWords({ role, facts }: RoleView): string {
  const message = facts?.ready.message ?? '';
  return message === '' || facts?.ready.ok ? `The ${role} is starting` : sentence(message);
}

/** The four aspects of a stream that is in place. */
export function aspects(view: LiveView): ConditionDraft[] {
  return [sourceConnected(view.decoder), published(view.encoder), paced(view), incomplete(view.observed)];
}

function sourceConnected({ ready, facts, ...view }: RoleView): ConditionDraft {
  const type = CONDITIONS.sourceConnected;
  if (!ready) return absent(type, { ready, facts, ...view });
  if (facts?.ended)
    return { type, status: 'True', reason: 'Ended', message: 'The source was read to its end' };
  return { type, status: 'True', reason: 'Connected', message: 'The source is connected' };
}

function published(view: RoleView): ConditionDraft {
  const type = CONDITIONS.published;
  if (!view.ready) return absent(type, view);
  return { type, status: 'True', reason: 'Connected', message: 'Every output is connected' };
}

/** The condition of a role that is not ready: as its worker reports, else as its pod shows. */
function absent(type: string, { role, pod, status, facts, problem }: RoleView): ConditionDraft {
  if (problem) return { type, status: 'False', reason: problem.reason, message: problem.message };
  if (!pod || !status?.state?.running)
    return { type, status: 'Unknown', reason: REASONS.pending, message: `The ${role} is not running` };
  if (!facts)
    return { type, status: 'False', reason: REASONS.starting, message: `The ${role} has not answered yet` };
  const message = waitingWords({ role, pod, status, facts, problem, ready: false });
  return { type, status: 'False', reason: facts.ready.ok ? REASONS.starting : facts.ready.code, message };
}

const SOURCE_PACE = {
  SourceTooSlow: {
    reason: REASONS.sourceTooSlow,
    message:
      'The source gives fewer frames than its timestamps promise, and the stream follows it; check clock, load and network of the camera, or of the server before it',
  },
  SourceTooFast: {
    reason: REASONS.sourceTooFast,
    message:
      'The source gives more frames than its timestamps promise, and the stream follows it; check the clock of the camera, or of the server before it',
  },
} as const;

function paced({ encoder, observed }: LiveView): ConditionDraft {
  const type = CONDITIONS.paced;
  const ok = encoder.facts?.paced ?? null;
  if (ok === true) return { type, status: 'True', reason: REASONS.onTime, message: 'Frames leave on time' };
  const pace = encoder.facts?.sourcePace ?? null;
  if (ok === false && pace !== null) return { type, status: 'False', ...SOURCE_PACE[pace] };
  if (ok === false && encoder.facts?.queueFull) {
    const message =
      'Frames leave late and the queue is full: the encoder is too slow; choose a faster preset, a smaller picture or more CPU';
    return { type, status: 'False', reason: REASONS.encoderTooSlow, message };
  }
  if (ok === false) {
    const message = 'More than 5 % of the frames of the last 10 s left later than one frame';
    return { type, status: 'False', reason: REASONS.late, message };
  }
  const before = observed.push.status?.conditions?.find((condition) => condition.type === type);
  // A page that did not answer once says nothing about the pace.
  if (before && encoder.ready && before.status !== 'Unknown') return draftOf(before);
  return { type, status: 'Unknown', reason: REASONS.unknown, message: 'Nothing has been measured yet' };
}

function incomplete({ push }: Observation): ConditionDraft {
  const type = CONDITIONS.complete;
  if (effectiveOnEnd((push as VideoPush).spec.source) !== 'Complete')
    return { type, status: 'False', reason: 'Endless', message: 'The stream has no end' };
  return { type, status: 'False', reason: REASONS.running, message: 'Not everything has been sent yet' };
}

const draftOf = ({ type, status, reason, message }: ConditionDraft): ConditionDraft => ({
  type,
  status,
  reason,
  message,
});

/** The same word for every aspect of a stream that does not run. */
export function aspectsAtRest(reason: string, message: string, complete: boolean): ConditionDraft[] {
  const rest = (type: string): ConditionDraft => ({ type, status: 'Unknown', reason, message });
  return [
    rest(CONDITIONS.sourceConnected),
    rest(CONDITIONS.published),
    rest(CONDITIONS.paced),
    { type: CONDITIONS.complete, status: complete ? 'True' : 'False', reason, message },
  ];
}
