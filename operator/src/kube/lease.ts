/** The election's lease as an object of coordination.k8s.io/v1. */
import { ConflictError } from '../runtime/errors.ts';
import type { LeaseClient, LeaseRecord, StoredLease } from '../runtime/leader-election.ts';
import { isConflict, isNotFound } from './errors.ts';
import type { KubeObject } from './objects.ts';
import type { Resource, ResourceKind } from './resource.ts';

export const LEASES: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
};

/** `leases` has to be behind a gate of its own: who does not lead must be able to write the lease. */
export function leaseClient(leases: Resource, place: { namespace: string; name: string }): LeaseClient {
  let last: KubeObject | undefined;
  const stored = (object: KubeObject): StoredLease => {
    last = object;
    const { metadata, spec } = object as KubeObject & { spec?: Partial<LeaseRecord> };
    return {
      resourceVersion: metadata.resourceVersion ?? '',
      record: {
        holderIdentity: spec?.holderIdentity ?? '',
        leaseDurationSeconds: spec?.leaseDurationSeconds ?? 0,
        acquireTime: spec?.acquireTime ?? '',
        renewTime: spec?.renewTime ?? '',
        leaseTransitions: spec?.leaseTransitions ?? 0,
      },
    };
  };
  return {
    async get(signal) {
      try {
        return stored(await leases.get(place, signal));
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    },
    create: (spec, signal) => faster(leases.create({ metadata: place, spec }, signal).then(stored)),
    // Labels and annotations that somebody put on the lease stay.
    update: (spec, resourceVersion, signal) =>
      faster(
        leases
          .replace({ metadata: { ...last?.metadata, ...place, resourceVersion }, spec }, signal)
          .then(stored),
      ),
  };
}

/** Somebody else was. */
const faster = (asked: Promise<StoredLease>): Promise<StoredLease> =>
  asked.catch((error: unknown) => {
    throw isConflict(error) ? new ConflictError((error as Error).message, { cause: error }) : error;
  });
