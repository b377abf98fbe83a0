/** What a frame queue between two processes promises, on each of its carriers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Lane } from '../support/queue/carrier.ts';
import { until } from '../support/until.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(['ring', 'jetstream'] as const)('a frame queue over %s', (carrier) => {
  it(`a frame queue over ${carrier} carries every frame once, whole and in order, then the end marker`, async () => {
    await using lane = await Lane.open(carrier, { frames: 500 });
    lane.give();
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(upTo(500));
    expect(lane.torn()).toEqual([]);
    expect(lane.ledger()).toMatchObject({
      ended: true,
      sourceFrames: 500,
      outputs: [{ ledger: { sent: 500 } }],
    });
  });

  it(`a frame queue over ${carrier} may be joined by the taking end first`, async () => {
    await using lane = await Lane.open(carrier, { frames: 50 });
    const taking = lane.take();
    await sleep(500); // long enough to be waiting
    lane.give();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(upTo(50));
  });

  it(`a frame queue over ${carrier} holds the giving end back when nobody takes, and goes on when somebody does`, async () => {
    await using lane = await Lane.open(carrier, { frames: 200, capacityFrames: 10, heldFrames: 3 });
    lane.give();
    const before = await until(
      'a giving end that waits',
      async () => {
        const first = lane.given()?.published;
        await sleep(400);
        return first !== undefined && first > 0 && first === lane.given()?.published && first;
      },
      30_000,
    );
    // A ring holds the capacity; a split queue what the encoder may hold and what is under way, too.
    expect(before).toBe(carrier === 'ring' ? 10 : 10 + 3 + 2 + 4);
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(upTo(200));
  });

  it(`a frame queue over ${carrier} feeds a taking end that holds many frames back`, async () => {
    await using lane = await Lane.open(carrier, { frames: 300, heldFrames: 60 });
    lane.give();
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(upTo(300));
  });

  it(`a frame queue over ${carrier} goes on in another format behind the last frame of the one before`, async () => {
    await using lane = await Lane.open(carrier, { frames: 200, changeAt: 120 });
    lane.give();
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(taking.stdout).toContain('replaced');
    expect(lane.arrived()).toEqual(upTo(200));
    expect(lane.torn()).toEqual([]);
    expect(lane.ledger()).toMatchObject({
      generation: 2,
      format: { width: 160 },
      outputs: [{ ledger: { sent: 200 } }],
    });
  });

  it(`a full frame queue over ${carrier} drops the newest frames when it should, and every frame has its outcome`, async () => {
    await using lane = await Lane.open(carrier, { frames: 100, capacityFrames: 10, whenFull: 'DropNewest' });
    const giving = lane.give();
    await giving.waitForLine(/^ended$/, 30_000);
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    const arrived = lane.arrived();
    // The first ones: those that the queue has room for.
    expect(arrived).toEqual(upTo(carrier === 'ring' ? 10 : 10 + 2 + 3));
    const ledger = { sent: arrived.length, dropped: { queueFull: 100 - arrived.length, network: 0 } };
    expect(lane.ledger()).toMatchObject({ sourceFrames: 100, outputs: [{ ledger }] });
  });

  it(`a full frame queue over ${carrier} drops the oldest frames when it should, and every frame has its outcome`, async () => {
    await using lane = await Lane.open(carrier, { frames: 100, capacityFrames: 10, whenFull: 'DropOldest' });
    const giving = lane.give();
    await giving.waitForLine(/^ended$/, 30_000);
    const taking = lane.take();
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    const arrived = lane.arrived();
    expect(arrived.slice(-10)).toEqual(upTo(100).slice(-10));
    // What was handed to the server can't be dropped any more.
    expect(arrived.slice(0, -10)).toEqual(carrier === 'ring' ? [] : upTo(2 + 3));
    const ledger = { sent: arrived.length, dropped: { queueFull: 100 - arrived.length, network: 0 } };
    expect(lane.ledger()).toMatchObject({ sourceFrames: 100, outputs: [{ ledger }] });
  });

  it(`a frame queue over ${carrier} delivers again to a second taking end what the first one had not called done`, async () => {
    await using lane = await Lane.open(carrier, { frames: 100, heldFrames: 5 });
    lane.give();
    const first = lane.take({ stopAfter: 40 });
    await until('frames that are held', () => lane.arrived().length >= 35, 30_000);
    first.signal('SIGKILL');
    await first.exited;
    const second = lane.take();
    expect((await second.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(upTo(100));
  });
});
