/** What a media server's status says, judged from what was observed and what came of the plan. Pure. */

import type { MediaServer } from '@videopush/resources';
import {
  CONDITIONS,
  type Condition,
  type ConditionDraft,
  REASONS,
  settleConditions,
} from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { serverEndpoints, serviceName } from '@videopush/resources/builders/mediaserver';
import { type Problem, sentence } from '../shared/problem.ts';
import { steadyMessages } from '../shared/status.ts';
import type { Situation } from './decision.ts';
import { kindOf } from './kinds/index.ts';
import type { Observation } from './observation.ts';
import { apiAddress, isReady, podProblem } from './pod.ts';

export type ServerStatus = NonNullable<MediaServer['status']>;

/** What came of a plan. */
export interface Outcome {
  /** what the API server does not take */
  refused: Problem | null;
  /** paths that the running server does not have yet */
  missingPaths: readonly string[];
}

/** A server that has answered may be busy for this long before it counts as unwell, milliseconds. */
const PATIENCE = 15_000;

export interface Judged {
  status: ServerStatus;
  ready: ConditionDraft;
}

export function judgeStatus(
  observed: Observation,
  situation: Situation,
  outcome: Outcome,
  defaults: Defaults,
): Judged {
  const { server, now } = observed;
  const drafts = readiness(observed, situation, outcome);
  const before = (server.status?.conditions ?? []) as Condition[];
  const steady = steadyMessages(before, drafts);
  const generation = server.metadata.generation ?? 0;
  const conditions = settleConditions(before, steady, generation, now) as ServerStatus['conditions'] & object;
  const status = { observedGeneration: generation, conditions, ...places(observed, situation, defaults) };
  return { status, ready: steady[0] as ConditionDraft };
}

/** Ready, and what goes with it. */
function readiness(observed: Observation, situation: Situation, outcome: Outcome): ConditionDraft[] {
  const verdict = judge(observed, situation, outcome);
  if ('true' in verdict) return [draft(CONDITIONS.ready, 'True', verdict.true, verdict.message)];
  const { reason, message, stalled } = verdict;
  const ready = draft(CONDITIONS.ready, 'False', reason, sentence(message));
  const other = stalled ? CONDITIONS.stalled : CONDITIONS.reconciling;
  return [ready, { ...ready, type: other, status: 'True' }];
}

function judge(
  observed: Observation,
  situation: Situation,
  { refused, missingPaths }: Outcome,
): Problem | { true: string; message: string } {
  if (situation.kind === 'Refused') return situation.problem;
  if (refused) return refused;
  if (situation.kind === 'External')
    return { true: REASONS.external, message: 'Runs elsewhere; nothing is done for it here' };
  if (situation.kind === 'Clearing')
    return waits(REASONS.pending, 'What an earlier server of this name has left is being deleted');
  const { pod, api, server } = observed;
  if (!pod) return waits(REASONS.pending, 'The server has no pod yet');
  const trouble = podProblem(pod);
  if (trouble) return trouble;
  if (!isReady(pod))
    return waits(wasReady(server) ? REASONS.restarting : REASONS.starting, 'The server starts');
  // One answer that is late does not make a server that works not work.
  const excused = api.state === 'Silent' && wasReady(server) && api.milliseconds < PATIENCE;
  if (api.state !== 'Answered' && !excused) return silent(observed);
  const [path] = missingPaths;
  if (path !== undefined && !excused)
    return waits(REASONS.updating, `The server does not have path "${path}" yet`);
  return { true: REASONS.available, message: 'The server answers' };
}

function silent({ server, api, pod }: Observation): Problem {
  const where = kindOf(server).apiWords(apiAddress(pod));
  const why = api.state === 'Silent' ? `: ${api.error}` : '';
  return waits(
    REASONS.serverApiUnavailable,
    `The server's API on ${where} does not answer the operator${why}`,
  );
}

const waits = (reason: string, message: string): Problem => ({ reason, message, stalled: false });

const draft = (type: string, status: 'True' | 'False', reason: string, message: string): ConditionDraft => ({
  type,
  status,
  reason,
  message,
});

const wasReady = ({ status }: Observation['server']): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === CONDITIONS.ready && is === 'True') === true;

function places(
  { server, children, pod, credentials }: Observation,
  situation: Situation,
  defaults: Defaults,
): Partial<ServerStatus> {
  if (situation.kind === 'Refused') return {};
  const name = serviceName(server.metadata.name);
  const service = children.find((child) => child.kind === 'Service' && child.metadata.name === name);
  const nodeAddress = pod?.status?.hostIP;
  const endpoints = serverEndpoints(server as MediaServer, { service, nodeAddress }, defaults);
  const nodeName = pod?.spec?.nodeName;
  const { publish = 'Generated', read = 'None' } = server.spec.authentication ?? {};
  const secrets = credentials && {
    ...(publish === 'Generated' && { publish: credentials.publisher.secretName }),
    ...(read === 'Generated' && { read: credentials.viewer.secretName }),
  };
  return {
    endpoints,
    ...(nodeName !== undefined && { nodeName }),
    ...(secrets && Object.keys(secrets).length > 0 && { secrets }),
  };
}
