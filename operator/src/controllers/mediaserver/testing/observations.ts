/** Observations for tables of tests: a media server in a cluster that carries out each plan at once. */

import type { MediaServer } from '@videopush/resources';
import { serverCredentials } from '@videopush/resources/builders/credentials';
import { DEFAULTS } from '@videopush/resources/builders/defaults';
import type { PathState, ServerPath } from '@videopush/resources/builders/mediaserver';
import { selectorLabels } from '@videopush/resources/builders/names';
import type { KubeObject } from '@videopush/resources/objects';
import { DriftDetector } from '../../shared/drift.ts';
import type { ApiView, Observation, StoredServer } from '../observation.ts';
import { plan } from '../plan.ts';
import type { ServerPod } from '../pod.ts';
import { judgeStatus, type Outcome } from '../status.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');
export const KEY = Buffer.alloc(32, 7);

export function serverOf(
  spec: Partial<MediaServer['spec']> = {},
  more: Partial<StoredServer> = {},
): StoredServer {
  return {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'MediaServer',
    spec,
    ...more,
    metadata: { name: 'live', namespace: 'tv', uid: 'server-uid', generation: 1, ...more.metadata },
  };
}

export function observationOf(server: StoredServer, more: Partial<Observation> = {}): Observation {
  const detector = new DriftDetector();
  return {
    server,
    paths: [],
    lingering: false,
    credentials:
      server.spec.type === 'External' ? null : serverCredentials(KEY, server as unknown as MediaServer),
    children: [],
    pod: null,
    api: { state: 'Unasked' },
    createdSecrets: new Set(),
    judge: (desired, stored) => detector.judge(desired, stored, 0),
    now: NOW,
    ...more,
  };
}

export const pathsOf = (...names: string[]): ServerPath[] =>
  names.map((name) => ({ name, slate: { codec: 'H264' } }));

export function podOf(
  more: { ready?: boolean; state?: object; status?: object; annotations?: Record<string, string> } = {},
): ServerPod {
  const { ready = true, state = { running: {} }, status = {}, annotations = {} } = more;
  return {
    metadata: {
      name: 'live-media-1',
      namespace: 'tv',
      uid: 'pod-uid',
      labels: selectorLabels('live', 'media-server'),
      annotations,
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'media-server', image: 'bluenviron/mediamtx:1.21.0' }] },
    status: {
      phase: 'Running',
      podIP: '10.0.0.5',
      hostIP: '192.0.2.10',
      containerStatuses: [{ ready, state }],
      ...status,
    },
  };
}

export const stateOf = (name: string, more: Partial<PathState> = {}): PathState => ({
  name,
  named: true,
  online: false,
  readers: 0,
  bytesReceived: 0,
  bytesSent: 0,
  ...more,
});

export const answered = (...paths: PathState[]): ApiView => ({ state: 'Answered', paths });

/** Everything that the plan applies is stored, and its Secrets are made. */
export function settled(observed: Observation): Observation {
  const { applies, creates } = plan(observed, DEFAULTS);
  const replaced = (old: KubeObject): boolean =>
    applies.some(({ kind, metadata }) => kind === old.kind && metadata.name === old.metadata.name);
  return {
    ...observed,
    children: [...observed.children.filter((child) => !replaced(child)), ...structuredClone(applies)],
    createdSecrets: new Set([...observed.createdSecrets, ...creates.map(({ metadata }) => metadata.name)]),
  };
}

/** A server that runs and has all of its paths. */
export function running(
  server: StoredServer,
  paths: ServerPath[] = [],
  more: Partial<Observation> = {},
): Observation {
  const observed = settled(observationOf(server, { paths, pod: podOf() }));
  return { ...observed, api: answered(...paths.map(({ name }) => stateOf(name))), ...more };
}

/** The observation after the status that follows from it was written. */
export function withStatus(observed: Observation, outcome: Partial<Outcome> = {}): Observation {
  const { situation } = plan(observed, DEFAULTS);
  const { status } = judgeStatus(
    observed,
    situation,
    { refused: null, missingPaths: [], ...outcome },
    DEFAULTS,
  );
  return { ...observed, server: { ...observed.server, status } };
}
