/** What should run for a stream, or why that cannot be said. Pure. */

import { ManifestError, type VideoPush } from '@videopush/resources';
import { REASONS } from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { finishObjects, originOf } from '@videopush/resources/builders/origin';
import {
  buildStream,
  NATS_ADDRESS_FIELD,
  type StreamContext,
  type StreamObjects,
} from '@videopush/resources/builders/videopush';
import type { Problem } from '../shared/problem.ts';
import type { Observation, Workload } from './observation.ts';

export type Desired =
  | { objects: StreamObjects; problem?: undefined }
  /** a server is missing, or the specification cannot be used */
  | { objects?: undefined; problem: Problem };

/** The objects as they are applied. `completed`: a finite source has been sent. */
export function desiredObjects(observed: Observation, defaults: Defaults, completed: boolean): Desired {
  const missing = Object.entries(observed.servers).find(([, server]) => server === null);
  if (missing) return { problem: missingServer(missing[0]) };
  try {
    const context = { ...contextOf(observed, defaults), completed };
    return { objects: finishObjects(buildStream(context), originOf(context)) };
  } catch (error) {
    if (error instanceof ManifestError) return { problem: refusal(error) };
    throw error;
  }
}

/** The input of the builders, with the servers that exist. */
export function contextOf(observed: Observation, defaults: Defaults): StreamContext {
  const servers = Object.entries(observed.servers).flatMap(([name, seen]) =>
    seen ? [[name, seen] as const] : [],
  );
  return { push: observed.push as VideoPush, servers: Object.fromEntries(servers), defaults };
}

/**
 * What a new stream has to wait for, so that it does not publish to a path that the server then recreates.
 */
export function serverGate({ servers }: Observation): Problem | null {
  for (const [name, seen] of Object.entries(servers)) {
    if (!seen) return missingServer(name);
    const wait = (why: string): Problem => ({
      reason: REASONS.mediaServerNotReady,
      message: `MediaServer "${name}" ${why}`,
      stalled: false,
    });
    if (!seen.ready) return wait('is not ready yet');
    const [path] = seen.missingPaths;
    if (path !== undefined) return wait(`does not have path "${path}" yet`);
  }
  return null;
}

function missingServer(name: string): Problem {
  const message = `MediaServer "${name}" does not exist in this namespace; the stream starts when it does`;
  return { reason: REASONS.mediaServerMissing, message, stalled: false };
}

function refusal({ field, message }: ManifestError): Problem {
  return { reason: refusalReason(field), message, stalled: true };
}

function refusalReason(field: string): string {
  if (field === NATS_ADDRESS_FIELD) return REASONS.natsAddressMissing;
  if (field === 'spec.type') return REASONS.serverTypeRefused;
  return field.endsWith('.protocol') ? REASONS.protocolRefused : REASONS.invalid;
}

/** The Job of a finite stream with everything sent. */
export function completedJob(workloads: readonly Workload[]): Workload | undefined {
  return workloads.find(({ kind, status }) =>
    status?.conditions?.some(
      ({ type, status: is }) => kind === 'Job' && type === 'Complete' && is === 'True',
    ),
  );
}
