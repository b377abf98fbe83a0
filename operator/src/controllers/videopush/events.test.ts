import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { expect, it } from 'vitest';
import { eventsOf } from './events.ts';
import type { Observation } from './observation.ts';
import { plan } from './plan.ts';
import { judgeStatus } from './status.ts';
import { observationOf, pushOf, serverOf } from './testing/observations.ts';

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
