import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { afterPlan, heldByQueue, pushOf, running, WITH_NATS, withSpec } from './testing/observations.ts';

const names = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ kind, metadata: { name } }) => `${kind} ${name}`);

describe('a split stream that goes to another NATS', () => {
  const elsewhere = { queue: { jetStream: { address: 'nats://other:4222' } } };
  const moving = withSpec(
    running(heldByQueue(pushOf({ topology: 'Split' })), WITH_NATS),
    elsewhere as Parameters<typeof withSpec>[1],
  );

  it('a split stream that goes to another NATS server ends its pods, deletes its queue and begins there', () => {
    const first = plan(moving, WITH_NATS);
    expect(names(first.deletes)).toEqual(['Deployment demo-decoder', 'Deployment demo-encoder']);
    const ending = afterPlan(moving, WITH_NATS, first);
    expect(plan(ending, WITH_NATS)).toMatchObject({ situation: { kind: 'Clearing' }, applies: [] });

    const second = plan({ ...ending, pods: [] }, WITH_NATS);
    expect(second.leftQueue).toMatchObject({ address: 'nats://queue:4222' });
    expect(names(second.applies)).toEqual([
      'ConfigMap demo-worker',
      'Deployment demo-decoder',
      'Deployment demo-encoder',
    ]);
    expect(second.events.map(({ note }) => note)).toEqual([
      'spec.queue.jetStream.address changed: the pods are replaced',
    ]);
    const third = plan(afterPlan({ ...ending, pods: [] }, WITH_NATS, second), WITH_NATS);
    expect([third.leftQueue, third.deletes, third.applies]).toEqual([undefined, [], []]);
  });

  it('a suspended split stream that goes to another NATS server deletes its old queue', () => {
    const suspended = { ...afterPlan(withSpec(moving, { suspend: true }), WITH_NATS), pods: [] };
    const { leftQueue, applies } = plan(suspended, WITH_NATS);
    expect(leftQueue).toMatchObject({ address: 'nats://queue:4222' });
    expect(names(applies)).toEqual(['ConfigMap demo-worker']);
  });
});
