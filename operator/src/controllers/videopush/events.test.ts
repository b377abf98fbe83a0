import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { expect, it } from 'vitest';
import { eventsOf } from './events.ts';
import type { Observation } from './observation.ts';
import { plan } from './plan.ts';
import { judgeStatus } from './status.ts';
import { pushOf, serverOf, worldOf } from './testing/worlds.ts';

const push = pushOf({ outputs: [{ name: 'main', serverRef: { name: 'live' } }] });
const served = (more: Parameters<typeof serverOf>[1]) => ({ servers: { live: serverOf('live', more) } });

function events(world: Observation): string[] {
  const { situation } = plan(world, DEFAULTS);
  const judged = judgeStatus(world, situation, DEFAULTS);
  return eventsOf(world, situation, judged).map(({ type, reason }) => `${type} ${reason}`);
}

it('a new stream that waits for its server warns of nothing, one without a server does', () => {
  expect(events(worldOf(push, served({ ready: false })))).toEqual(['Normal MediaServerNotReady']);
  expect(events(worldOf(push, served({ missingPaths: ['demo'] })))).toEqual(['Normal MediaServerNotReady']);
  expect(events(worldOf(push, { servers: { live: null } }))).toEqual(['Warning MediaServerMissing']);
});
