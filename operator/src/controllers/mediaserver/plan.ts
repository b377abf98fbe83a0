/** What is to be done about one media server: decided from what was observed, done by others. Pure. */

import { ManifestError, type MediaServer } from '@videopush/resources';
import { REASONS } from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { buildMediaServer, type ServerObjects } from '@videopush/resources/builders/mediaserver';
import { readOrigin, stamped } from '@videopush/resources/builders/origin';
import type { KubeObject } from '@videopush/resources/objects';
import { judgeAll, requeue } from '../shared/drift.ts';
import {
  FOREIGN_RETRY,
  isTerminating,
  nameTaken,
  ownedBy,
  sameObject,
  takenName,
} from '../shared/ownership.ts';
import type { Problem } from '../shared/problem.ts';
import { isUpgradeHeld } from '../shared/upgrade-hold.ts';
import type { Plan } from './decision.ts';
import { kindOf } from './kinds/index.ts';
import type { Observation } from './observation.ts';
import { apiAddress } from './pod.ts';

const CLEARING_RETRY = 5_000;
/** Time between two polls of a running server. */
export const STEADY = 10_000;
/** While its API has not answered, and while a path waits for its publisher to leave. */
const SOON = 1_000;

const NOTHING = {
  creates: [],
  applies: [],
  deletes: [],
  podAnnotations: [],
  addPaths: [],
  removePaths: [],
} as const;

export function plan(observed: Observation, defaults: Defaults): Plan {
  const { server, credentials } = observed;
  let objects: ServerObjects | null;
  try {
    objects = build(observed, defaults);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { ...NOTHING, situation: { kind: 'Refused', problem: refusal(error) } };
  }
  if (!objects || !credentials) return planExternal(observed);
  const desired = [objects.config, objects.service, objects.apiService, objects.deployment];
  const taken = takenName(desired, observed.children, server);
  if (taken === 'Predecessor')
    return { ...NOTHING, situation: { kind: 'Clearing' }, requeueAfter: CLEARING_RETRY };
  if (taken) {
    const problem = nameTaken(taken.foreign, 'MediaServer');
    return { ...NOTHING, situation: { kind: 'Refused', problem }, requeueAfter: FOREIGN_RETRY };
  }
  return planLive(observed, objects, desired.map(stamped));
}

function build(observed: Observation, defaults: Defaults): ServerObjects | null {
  const { server, paths, credentials } = observed;
  const none = { name: '', password: '', secretName: '' };
  const nobody = { publisher: none, viewer: none, operator: none, metrics: none };
  return buildMediaServer({
    server: server as MediaServer,
    paths,
    credentials: credentials ?? nobody,
    defaults,
  });
}

/** A server that came to run elsewhere leaves what it had here. */
function planExternal({ server, children }: Observation): Plan {
  const deletes = children.filter((child) => ownedBy(child, server.metadata.uid) && !isTerminating(child));
  return { ...NOTHING, situation: { kind: 'External' }, deletes };
}

function planLive(observed: Observation, objects: ServerObjects, desired: readonly KubeObject[]): Plan {
  // An object that is held as it was: its change would disconnect the viewers.
  const due = desired.filter((object) => {
    const stored = observed.children.find((child) => sameObject(child, object)) ?? null;
    return !isUpgradeHeld(readOrigin(stored), readOrigin(object), observed.server.status, observed.now);
  });
  const kind = kindOf(observed.server);
  const { applies, waits } = judgeAll(due, observed.children, observed.judge);
  return {
    ...NOTHING,
    situation: { kind: 'Live' },
    creates: objects.secrets.filter(({ metadata: { name } }) => !observed.createdSecrets.has(name)),
    applies,
    podAnnotations: kind.fileAnnotation(observed, objects.config),
    ...kind.pathChanges(observed),
    ...requeue([...waits, ...nextLook(observed)]),
  };
}

/** A pod that does not run yet is heard of by its watch. */
function nextLook({ pod, api, lingering }: Observation): number[] {
  if (apiAddress(pod) === undefined) return [];
  return [api.state === 'Answered' && !lingering ? STEADY : SOON];
}

function refusal({ field, message }: ManifestError): Problem {
  const reason = field === 'spec.type' ? REASONS.serverTypeRefused : REASONS.invalid;
  return { reason, message, stalled: true };
}
