import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { expect, it } from 'vitest';
import { eventsOf } from './events.ts';
import type { Observation } from './observation.ts';
import { plan } from './plan.ts';
import { judgeStatus } from './status.ts';
import { factsOf, observationOf, pushOf, running, serverOf } from './testing/observations.ts';

const push = pushOf({ outputs: [{ name: 'main', serverRef: { name: 'live' } }] });
const served = (more: Parameters<typeof serverOf>[1]) => ({ servers: { live: serverOf('live', more) } });

function events(observed: Observation): string[] {
  const { situation } = plan(observed, DEFAULTS);
  const judged = judgeStatus(observed, situation, DEFAULTS);
  return eventsOf(observed, situation, judged).map(({ type, reason }) => `${type} ${reason}`);
}

it('a new stream warns when its server does not exist, and not while it waits for a server to be ready', () => {
  expect(events(observationOf(push, served({ ready: false })))).toEqual(['Normal MediaServerNotReady']);
  expect(events(observationOf(push, served({ missingPaths: ['demo'] })))).toEqual([
    'Normal MediaServerNotReady',
  ]);
  expect(events(observationOf(push, { servers: { live: null } }))).toEqual(['Warning MediaServerMissing']);
});

it('a running stream tells of each new kind of correction of its source’s timestamps', () => {
  const live = running(pushOf());
  expect(events(live)).not.toContain('Warning SourceDiscontinuity');
  expect(events({ ...live, jumps: ['backward', 'outlier'] })).toEqual([
    'Warning SourceDiscontinuity',
    'Warning SourceDiscontinuity',
  ]);
});

it.each(['SourceTooSlow', 'SourceTooFast'] as const)(
  'a live source that gives frames at another pace is an event %s, also of a stream that was late before',
  (sourcePace) => {
    const late = withFacts(running(pushOf()), { paced: false });
    const before = judgeStatus(late, plan(late, DEFAULTS).situation, DEFAULTS).status;
    const known = { ...late, push: { ...late.push, status: before } };
    expect(events(known)).toEqual([]);
    expect(events(withFacts(known, { paced: false, sourcePace }))).toEqual([`Warning ${sourcePace}`]);
  },
);

function withFacts(observed: Observation, encoder: Parameters<typeof factsOf>[0]): Observation {
  return { ...observed, workers: { decoder: factsOf({ paced: null }), encoder: factsOf(encoder) } };
}

it('an event and the status report once that the queue of a stream holds fewer frames than were asked for', () => {
  const asked = pushOf({ queue: { capacityFrames: 40, maxBytes: '128Mi' } });
  const withCapacity = (queueCapacity: number): Observation => ({
    ...running(asked),
    workers: { decoder: factsOf({ queueCapacity }), encoder: factsOf() },
  });
  const live = withCapacity(7);
  const { situation } = plan(live, DEFAULTS);
  const { status } = judgeStatus(live, situation, DEFAULTS);
  expect(status.queueCapacityFrames).toBe(7);
  expect(events(live)).toContain('Warning QueueReduced');
  expect(events({ ...live, push: { ...live.push, status } })).toEqual([]);
  expect(events(withCapacity(40))).not.toContain('Warning QueueReduced');
});
