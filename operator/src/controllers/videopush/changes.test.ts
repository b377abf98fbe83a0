import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import {
  afterPlan,
  FILM,
  heldByQueue,
  pushOf,
  running,
  WITH_NATS,
  withSpec,
} from './testing/observations.ts';

type Spec = Parameters<typeof withSpec>[1];

describe('a change of a finite stream in two pods', () => {
  it.each<[string, Spec, string, string[]]>([
    [
      'goes on with the same source, of which the queue knows the place',
      { queue: { capacityFrames: 5 } },
      'spec.queue.capacityFrames changed: the pods are replaced, and the stream goes on where it is',
      ['demo-encoder'],
    ],
    [
      'starts again from the beginning with another source',
      { source: { uri: 'https://films.example/other.mp4' } },
      'spec.source.uri changed: the stream starts again from the beginning',
      ['demo-encoder'],
    ],
    [
      'starts again from the beginning on another NATS server, which has no messages of it',
      { queue: { jetStream: { address: 'nats://other:4222' } } },
      'spec.queue.jetStream.address changed: the stream starts again from the beginning',
      ['demo-decoder', 'demo-encoder'],
    ],
  ])('a finite stream in two pods %s', (_, change, note, ended) => {
    const before = running(heldByQueue(pushOf({ source: FILM, topology: 'Split' })), WITH_NATS);
    const observed = withSpec(before, change);
    expect(plan(observed, WITH_NATS).deletes.map(({ metadata }) => metadata.name)).toEqual(ended);
    const { events, jetStreamDeletes } = plan({ ...afterPlan(observed, WITH_NATS), pods: [] }, WITH_NATS);
    expect(events.map((event) => event.note)).toEqual([note]);
    // The frames that JetStream still holds are sent: the workers distinguish one source from another.
    expect(jetStreamDeletes).toEqual([]);
  });
});
