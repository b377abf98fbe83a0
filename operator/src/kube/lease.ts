/** The election's lease as an object of coordination.k8s.io/v1. */
import type { KubeObject, ResourceKind } from '@videopush/resources/objects';
import { isNotFound } from './errors.ts';
import type { Resource } from './resource.ts';

export const LEASES: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
};

/** spec of a Lease; times as MicroTime, with six digits of a second. */
export interface LeaseRecord {
  holderIdentity: string;
  leaseDurationSeconds: number;
  acquireTime: string;
  renewTime: string;
  leaseTransitions: number;
}

export interface StoredLease {
  record: LeaseRecord;
  resourceVersion: string;
}

/** Where the lease is kept. create and update reject with a conflict when somebody else was faster. */
export interface LeaseClient {
  get(signal: AbortSignal): Promise<StoredLease | null>;
  create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease>;
  update(record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<StoredLease>;
}

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
    create: (spec, signal) => leases.create({ metadata: place, spec }, signal).then(stored),
    // Labels and annotations that somebody put on the lease stay.
    update: (spec, resourceVersion, signal) =>
      leases
        .replace({ metadata: { ...last?.metadata, ...place, resourceVersion }, spec }, signal)
        .then(stored),
  };
}
