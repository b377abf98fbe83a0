import type { KubeObject } from '@videopush/resources/objects';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from './errors.ts';
import { EVENTS, EventRecorder } from './events.ts';
import { LEASES, leaseClient } from './lease.ts';
import { Resource } from './resource.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { ApiRequest, Transport } from './transport.ts';
import { WriteGate } from './write-gate.ts';

const asked: ApiRequest[] = [];
let answer: (request: ApiRequest) => unknown;
let clock: ManualClock;

const transport: Transport = {
  json: async (request) => {
    asked.push(request);
    return answer(request);
  },
  // biome-ignore lint/correctness/useYield: nothing is watched here
  lines: async function* () {
    throw new Error('nothing is watched here');
  },
};

function resource(kind: typeof LEASES): Resource {
  const gate = new WriteGate();
  gate.open();
  return new Resource(kind, transport, gate);
}

beforeEach(() => {
  asked.length = 0;
  clock = new ManualClock();
  let version = 0;
  answer = ({ body }) => {
    const { metadata, ...rest } = body as KubeObject;
    return { ...rest, metadata: { ...metadata, resourceVersion: `${++version}` } };
  };
});

describe('the lease', () => {
  const signal = AbortSignal.timeout(20_000);
  const place = { namespace: 'videopush', name: 'operator' };
  const record = {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:00.000000Z',
    leaseTransitions: 0,
  };

  it('the lease is created, read and renewed, and keeps what others wrote on it', async () => {
    const client = leaseClient(resource(LEASES), place);
    expect(await client.create(record, signal)).toEqual({ record, resourceVersion: '1' });
    answer = () => ({
      metadata: { ...place, resourceVersion: '5', labels: { team: 'x' } },
      spec: { holderIdentity: 'a' },
    });
    expect((await client.get(signal))?.record).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    await client.update(record, '5', signal);
    expect(asked.at(-1)).toMatchObject({
      method: 'PUT',
      path: '/apis/coordination.k8s.io/v1/namespaces/videopush/leases/operator',
      body: { metadata: { ...place, resourceVersion: '5', labels: { team: 'x' } }, spec: record },
    });
  });

  it('a lease that does not exist is null, and one that somebody else wrote first is a conflict', async () => {
    const client = leaseClient(resource(LEASES), place);
    answer = () => {
      throw new ApiError('get', 404, { reason: 'NotFound' });
    };
    expect(await client.get(signal)).toBeNull();
    answer = () => {
      throw new ApiError('put', 409, { reason: 'Conflict' });
    };
    await expect(client.create(record, signal)).rejects.toMatchObject({ code: 409 });
    await expect(client.update(record, '1', signal)).rejects.toMatchObject({ code: 409 });
  });
});

describe('an event', () => {
  const push: KubeObject = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPush',
    metadata: { name: 'bars', namespace: 'media', uid: 'u-1', resourceVersion: '7' },
  };
  const words = { type: 'Warning', reason: 'SourceUnreachable', action: 'Connect', note: 'refused' } as const;
  const errors: unknown[] = [];
  const recorder = () =>
    new EventRecorder({
      events: resource(EVENTS),
      clock,
      controller: 'videopush.dev/operator',
      instance: 'operator-0',
      onError: (error) => errors.push(error),
    });

  it('an event names what it regards, who reports it and why', async () => {
    const events = recorder();
    events.record(push, words);
    await events.flush();
    expect(asked[0]).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/media/events',
    });
    expect(asked[0]?.body).toMatchObject({
      ...words,
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'videopush.dev/operator',
      reportingInstance: 'operator-0',
      regarding: { kind: 'VideoPush', name: 'bars', namespace: 'media', uid: 'u-1' },
    });
  });

  it('an event that happens again is counted, until the last one was long ago', async () => {
    const events = recorder();
    for (let i = 0; i < 3; i++) events.record(push, words);
    await events.flush();
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'PUT', 'PUT']);
    expect(asked[2]?.body).toMatchObject({ series: { count: 3 }, metadata: { resourceVersion: '2' } });
    await clock.advance(600_001);
    events.record(push, words);
    await events.flush();
    expect(asked[3]?.method).toBe('POST');
  });

  it('an event with other words is another event', async () => {
    const events = recorder();
    events.record(push, words);
    events.record(push, { ...words, note: 'timed out' });
    await events.flush();
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('an event has a note of at most 1 kB, cut at a whole character', async () => {
    const events = recorder();
    events.record(push, { ...words, note: '视'.repeat(600) });
    await events.flush();
    const { note } = (asked[0] as ApiRequest).body as { note: string };
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^视+…$/);
  });

  it('an event that cannot be written stops nobody, and is reported again the next time', async () => {
    const events = recorder();
    const before = answer;
    answer = () => {
      throw new ApiError('post', 500);
    };
    events.record(push, words);
    await events.flush();
    expect(errors).toHaveLength(1);
    answer = before;
    events.record(push, words);
    await events.flush();
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('the event recorder gives up on a server that does not answer, and lets the program go on', async () => {
    errors.length = 0;
    const events = recorder();
    answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    events.record(push, words);
    await clock.advance(10_000);
    await events.flush();
    expect(errors).toMatchObject([{ message: 'no answer in time' }]);
  });
});
