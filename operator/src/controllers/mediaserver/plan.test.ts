import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS } from '@videopush/resources/builders/names';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { FOREIGN_RETRY } from '../shared/ownership.ts';
import { plan, STEADY } from './plan.ts';
import {
  answered,
  NOW,
  observationOf,
  pathsOf,
  podOf,
  running,
  serverOf,
  settled,
  stateOf,
} from './testing/observations.ts';

const names = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** Whatever else it is called, somebody else's. */
const foreign = (object: KubeObject, owners: object[] = []): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ownerReferences: owners as never },
});

describe('the objects of a server', () => {
  it('all objects of a new server are created, the file before the workload that reads it', () => {
    const { creates, applies } = plan(observationOf(serverOf()), DEFAULTS);
    expect(names(creates)).toEqual([
      expect.stringMatching(/^Secret live-publish-\w+$/),
      expect.stringMatching(/^Secret live-metrics-\w+$/),
    ]);
    expect(names(applies)).toEqual([
      'ConfigMap live-media-config',
      'Service live-media',
      'Service live-media-api',
      'Deployment live-media',
    ]);
  });

  it('objects of a server that are as desired are left alone', () => {
    const { creates, applies, podAnnotations, addPaths, removePaths, requeueAfter } = plan(
      running(serverOf(), pathsOf('a', 'b')),
      DEFAULTS,
    );
    expect([creates, applies, podAnnotations, addPaths, removePaths]).toEqual([[], [], [], [], []]);
    expect(requeueAfter).toBe(STEADY);
  });

  it('objects of a server are recreated when somebody has deleted or changed them', () => {
    const observed = running(serverOf());
    const without = { ...observed, children: observed.children.filter(({ kind }) => kind !== 'Service') };
    expect(names(plan(without, DEFAULTS).applies)).toEqual(['Service live-media', 'Service live-media-api']);
    const changed = observed.children.map((child) =>
      child.kind === 'Deployment' ? { ...child, spec: { ...(child.spec as object), replicas: 0 } } : child,
    );
    expect(names(plan({ ...observed, children: changed }, DEFAULTS).applies)).toEqual([
      'Deployment live-media',
    ]);
  });

  it('the objects of a server are deleted when it runs elsewhere from now on', () => {
    const observed = running(serverOf());
    const server = serverOf({ type: 'External', endpoints: [{ protocol: 'RTSP', host: 'media.example' }] });
    const { situation, deletes, applies } = plan({ ...observed, server, credentials: null }, DEFAULTS);
    expect(situation).toEqual({ kind: 'External' });
    expect(deletes).toHaveLength(4);
    expect(applies).toEqual([]);
  });
});

describe('another version or other settings of the operator', () => {
  const NEWER = { ...DEFAULTS, images: { ...DEFAULTS.images, mediaMtx: 'bluenviron/mediamtx:1.22.0' } };
  const ready = (status: string, since: Date) => ({
    conditions: [
      { type: 'Ready', status, reason: 'X', message: '', lastTransitionTime: since.toISOString() },
    ],
  });
  const observed = (status: object, server = serverOf()) => {
    const before = running(server);
    return { ...before, server: { ...before.server, status } as typeof before.server };
  };

  it('a new version or setting of the operator does not restart a running server', () => {
    expect(names(plan(observed(ready('True', NOW)), NEWER).applies)).toEqual([]);
    expect(names(plan(observed(ready('False', NOW)), NEWER).applies)).toEqual([]);
  });

  it('a new version or setting of the operator takes effect once a server has been unwell for a minute', () => {
    const long = ready('False', new Date(NOW.getTime() - 60_000));
    expect(names(plan(observed(long), NEWER).applies)).toEqual(['Deployment live-media']);
  });

  it('a new version or setting of the operator takes effect with the next change of a server', () => {
    const before = observed(ready('True', NOW));
    const server = { ...before.server, spec: { protocols: ['RTSP'] } } as typeof before.server;
    expect(names(plan({ ...before, server }, NEWER).applies)).toContain('Deployment live-media');
  });
});

describe('names that are taken', () => {
  const observed = settled(observationOf(serverOf()));

  it('a name taken by a foreign object stops every change to a server, and is checked again later', () => {
    const children = observed.children.map((child) => (child.kind === 'Service' ? foreign(child) : child));
    const { situation, applies, requeueAfter } = plan({ ...observed, children }, DEFAULTS);
    expect(situation).toMatchObject({ kind: 'Refused', problem: { reason: 'NameTaken', stalled: true } });
    expect(applies).toEqual([]);
    expect(requeueAfter).toBe(FOREIGN_RETRY);
  });

  it('a server waits while objects of an earlier server of its name are being deleted', () => {
    const owner = { kind: 'MediaServer', name: 'live', uid: 'earlier', controller: true };
    const children = observed.children.map((child) => foreign(child, [owner]));
    expect(plan({ ...observed, children }, DEFAULTS).situation).toEqual({ kind: 'Clearing' });
  });
});

describe('the paths of a running server', () => {
  it('a new path is written to the file before it is added to the running server', () => {
    const observed = { ...running(serverOf(), pathsOf('a')), paths: pathsOf('a', 'b') };
    const { applies, addPaths, podAnnotations } = plan(observed, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap live-media-config']);
    expect(addPaths).toEqual(pathsOf('b'));
    expect(Object.keys(podAnnotations[0]?.annotations ?? {})).toEqual([ANNOTATIONS.serverFile]);
  });

  it('new paths do not restart a running server', () => {
    const observed = { ...running(serverOf(), pathsOf('a')), paths: pathsOf('a', 'b', 'c') };
    expect(names(plan(observed, DEFAULTS).applies)).not.toContain('Deployment live-media');
  });

  it('a path that the reload of an older file removed is added to the server again', () => {
    const observed = running(serverOf(), pathsOf('a', 'b'), { api: answered(stateOf('a')) });
    const { applies, addPaths } = plan(observed, DEFAULTS);
    expect(applies).toEqual([]);
    expect(addPaths).toEqual(pathsOf('b'));
  });

  it('a path that no stream wants any more is removed from the server and from its file', () => {
    const observed = { ...running(serverOf(), pathsOf('a', 'b')), paths: pathsOf('a') };
    const { applies, removePaths } = plan(observed, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap live-media-config']);
    expect(removePaths).toEqual(['b']);
  });

  it('a path that no stream announced is left alone', () => {
    const observed = running(serverOf(), pathsOf('a'), {
      api: answered(stateOf('a'), stateOf('by-hand', { named: false, online: true })),
    });
    expect(plan(observed, DEFAULTS).removePaths).toEqual([]);
  });

  it('an announced path that runs under the rule for all others is added under its own name', () => {
    const observed = running(serverOf(), pathsOf('a'), {
      api: answered(stateOf('a', { named: false, online: true })),
    });
    expect(plan(observed, DEFAULTS).addPaths).toEqual(pathsOf('a'));
  });

  it('new paths are only written to the file while the server does not answer, and added soon after', () => {
    const observed = running(serverOf(), pathsOf('a'), {
      api: { state: 'Silent', error: 'ECONNREFUSED', milliseconds: 100 },
      paths: pathsOf('a', 'b'),
    });
    const { applies, addPaths, requeueAfter } = plan(observed, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap live-media-config']);
    expect(addPaths).toEqual([]);
    expect(requeueAfter).toBeLessThan(STEADY);
  });

  it('the paths of a server are checked again soon while one waits for its publisher to leave', () => {
    expect(plan(running(serverOf(), pathsOf('a'), { lingering: true }), DEFAULTS).requeueAfter).toBeLessThan(
      STEADY,
    );
  });

  it('no path is asked for while a server has no pod', () => {
    const observed = { ...running(serverOf(), pathsOf('a')), pod: null, api: { state: 'Unasked' } as const };
    expect(plan(observed, DEFAULTS)).toMatchObject({ addPaths: [], podAnnotations: [] });
    expect(plan(observed, DEFAULTS).requeueAfter).toBeUndefined();
  });
});

it('a pod is not annotated again with the same file', () => {
  const paths = pathsOf('a');
  const first = { ...running(serverOf(), paths), paths: pathsOf('a', 'b') };
  const [note] = plan(first, DEFAULTS).podAnnotations;
  const observed = running(serverOf(), first.paths as never, {
    pod: podOf({ annotations: note?.annotations ?? {} }),
  });
  expect(plan(observed, DEFAULTS).podAnnotations).toEqual([]);
});

it('a server type that cannot be run yet is refused with the one to use instead', () => {
  const { situation } = plan(observationOf(serverOf({ type: 'SRS' }), { credentials: null }), DEFAULTS);
  expect(situation).toMatchObject({
    kind: 'Refused',
    problem: { reason: 'ServerTypeRefused', stalled: true },
  });
  expect((situation as { problem: { message: string } }).problem.message).toContain('use MediaMTX');
});
