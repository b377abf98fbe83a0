/** What is worth an event when a status changes: few, each once. Pure. */

import type { VideoPush } from '@videopush/resources';
import { CONDITIONS, REASONS } from '@videopush/resources/builders/conditions';
import { effectiveOnEnd } from '@videopush/resources/builders/worker-config';
import { QUEUE_BYTES } from '@videopush/resources/limits';
import type { EventWords } from '../../kube/events.ts';
import type { Jump } from '../workers/source-jumps.ts';
import type { Situation } from './decision.ts';
import type { Observation } from './observation.ts';
import { hasSucceeded } from './pods.ts';
import type { Judged, PushStatus } from './status.ts';

type Queue = VideoPush['spec']['queue'];
type Conditions = NonNullable<PushStatus['conditions']>;

const normal = (reason: string, action: string, note: string): EventWords => ({
  type: 'Normal',
  reason,
  action,
  note,
});
const warning = (reason: string, action: string, note: string): EventWords => ({
  type: 'Warning',
  reason,
  action,
  note,
});

export function eventsOf(
  observed: Observation,
  situation: Situation,
  { status, ready }: Judged,
): EventWords[] {
  if (situation.kind === 'Terminating') return [];
  const before = observed.push.status ?? {};
  const lost = situation.kind === 'Live' ? losses(before, status) : [];
  return [
    ...lost,
    ...(lost.length === 0 && ready.problem ? troubles(before, situation, ready) : []),
    ...courses(before, status),
    ...(situation.kind === 'Live' ? restarts(observed, before, status) : []),
    ...observed.jumps.map((jump) => warning('SourceDiscontinuity', 'Decode', JUMP_NOTES[jump])),
    ...reductions((observed.push as VideoPush).spec.queue, before, status),
  ];
}

const condition = ({ conditions = [] }: PushStatus, type: string): Conditions[number] | undefined =>
  conditions.find((one) => one.type === type);

const became = (
  before: PushStatus,
  after: PushStatus,
  type: string,
  status: string,
): Conditions[number] | undefined => {
  const now = condition(after, type);
  return now?.status === status && condition(before, type)?.status !== status ? now : undefined;
};

/** A source of another pace is worth an event also where the stream was late already. */
function sourcePace(before: PushStatus, after: PushStatus): Conditions[number] | undefined {
  const now = condition(after, CONDITIONS.paced);
  const worth = now?.reason === REASONS.sourceTooSlow || now?.reason === REASONS.sourceTooFast;
  return worth && condition(before, CONDITIONS.paced)?.reason !== now.reason ? now : undefined;
}

/** Always the same words for a kind, so that the API server keeps one event of it and counts. */
const JUMP_NOTES: Readonly<Record<Jump, string>> = {
  forward: 'The timestamps of the source jumped ahead; the stream goes on without the gap',
  backward: 'The clock of the source was set back or began again; the stream goes on without a gap',
  outlier: 'A frame of the source had a timestamp far off; it was placed between its neighbours',
};

function losses(before: PushStatus, after: PushStatus): EventWords[] {
  const was = (type: string): boolean => condition(before, type)?.status === 'True';
  const source = became(before, after, CONDITIONS.sourceConnected, 'False');
  const output = became(before, after, CONDITIONS.published, 'False');
  const pace = became(before, after, CONDITIONS.paced, 'False') ?? sourcePace(before, after);
  return [
    ...(source && was(CONDITIONS.sourceConnected) ? [warning('SourceLost', 'Connect', source.message)] : []),
    ...(output && was(CONDITIONS.published) ? [warning('OutputLost', 'Publish', output.message)] : []),
    ...(pace ? [warning(pace.reason, 'Publish', pace.message)] : []),
  ];
}

function troubles(
  before: PushStatus,
  { kind }: Situation,
  { reason, message }: Judged['ready'],
): EventWords[] {
  if (condition(before, CONDITIONS.ready)?.reason === reason) return [];
  // Every new stream has to wait until its server has the path: that is no reason to worry.
  const usual = kind === 'Waiting' && reason === REASONS.mediaServerNotReady;
  return [(usual ? normal : warning)(reason, 'Reconcile', message)];
}

/** The ways that were asked for: published, finished, suspended, resumed. */
function courses(before: PushStatus, after: PushStatus): EventWords[] {
  const events: EventWords[] = [];
  const [was, is] = [before, after].map((status) => condition(status, CONDITIONS.ready)?.reason);
  if (became(before, after, CONDITIONS.published, 'True')) {
    const places = (after.outputs ?? []).map(({ name, url }) => url ?? `output ${name}`);
    events.push(normal('Published', 'Publish', `The stream is published: ${places.join(', ')}`));
  }
  if (became(before, after, CONDITIONS.complete, 'True'))
    events.push(normal(REASONS.completed, 'Publish', 'Everything was sent'));
  if (is === REASONS.suspended && was !== is)
    events.push(normal(REASONS.suspended, 'Suspend', 'The stream was stopped, as asked'));
  if (was === REASONS.suspended && is !== was)
    events.push(normal('Resumed', 'Resume', 'The stream starts again'));
  return events;
}

function restarts({ push, pods }: Observation, before: PushStatus, after: PushStatus): EventWords[] {
  const grown = before.restarts !== undefined && (after.restarts ?? 0) > before.restarts;
  const events = grown
    ? [warning('Restarted', 'Restart', 'A process of the stream ended and was started again')]
    : [];
  // The position in the source is kept in the pod's memory, and lost with the pod.
  const lost = before.podName !== undefined && before.podName !== after.podName;
  const meant = before.observedGeneration !== after.observedGeneration || pods.some(hasSucceeded);
  const finite = effectiveOnEnd((push as VideoPush).spec.source) === 'Complete';
  if (lost && !meant && finite && before.startTime) events.push(restartedFromBeginning());
  return events;
}

/** A queue that holds fewer frames than were asked for, because they are large. */
function reductions(queue: Queue, before: PushStatus, after: PushStatus): EventWords[] {
  const { capacityFrames: asked = 20, maxBytes = `${QUEUE_BYTES / 2 ** 20}Mi` } = queue ?? {};
  const frames = after.queueCapacityFrames;
  if (frames === undefined || frames >= asked || frames === before.queueCapacityFrames) return [];
  const note = `${frames} frames may wait in the queue instead of ${asked}, because all together may take ${maxBytes}; a larger spec.queue.maxBytes allows more`;
  return [warning('QueueReduced', 'Queue', note)];
}

const restartedFromBeginning = (): EventWords =>
  warning(
    'RestartedFromBeginning',
    'Restart',
    'The pod was lost and with it how far it had come: the source is sent from its beginning',
  );
