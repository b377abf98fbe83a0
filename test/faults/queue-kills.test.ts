/**
 * SIGKILL at seeded instants of either end of a frame queue, on each of its carriers; for JetStream also the
 * loss of a whole pod, and of the server with all that it held.
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Program } from '../support/program.ts';
import { type CarrierName, Lane, type LaneOptions } from '../support/queue/carrier.ts';
import { type Random, seeded, testSeed } from '../support/random.ts';
import { count } from '../support/repetitions.ts';
import { until } from '../support/until.ts';

/** What is killed: an end's process, an end with its ring, or the server. */
type Victim = 'give' | 'take' | 'give pod' | 'take pod' | 'server';

const RATE = 150;

class Run {
  readonly lane: Lane;
  readonly #ends: Record<'give' | 'take', Program>;

  constructor(lane: Lane) {
    this.lane = lane;
    this.#ends = { give: lane.give(), take: lane.take({ rate: RATE }) };
  }

  async lose(victim: Victim): Promise<void> {
    if (victim === 'server') {
      await this.lane.nats?.kill();
      await this.lane.nats?.begin();
      return;
    }
    const [side, pod] = victim.split(' ') as ['give' | 'take', 'pod' | undefined];
    this.#ends[side].signal('SIGKILL');
    await this.#ends[side].exited;
    if (pod) rmSync(side === 'give' ? this.lane.givingRing : this.lane.options.ringPath, { force: true });
    this.#ends[side] = side === 'give' ? this.lane.give() : this.lane.take({ rate: RATE });
  }

  async end(): Promise<void> {
    expect((await this.#ends.take.waitForExit(120_000)).code).toBe(0);
  }

  tails(): string {
    return `${this.#ends.give.tail()}\n${this.#ends.take.tail()}\n${JSON.stringify(this.lane.given())}\n${JSON.stringify(this.lane.ledger())}`;
  }
}

async function killed(
  carrier: CarrierName,
  victims: readonly Victim[],
  random: Random,
  options: LaneOptions = {},
) {
  const frames = 60 * (victims.length + 2);
  await using lane = await Lane.open(carrier, { ...options, frames });
  const run = new Run(lane);
  let seen = 0;
  for (const victim of victims) {
    const next = seen + 5 + Math.floor(random.next() * 40);
    try {
      await until(`frame ${next} before the loss of ${victim}`, () => lane.arrived().length >= next, 60_000);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${run.tails()}`);
    }
    await sleep(random.next() * 30);
    await run.lose(victim);
    seen = lane.arrived().length;
  }
  await run.end();
  const arrived = lane.arrived();
  const missing = Array.from({ length: frames }, (_, i) => i).filter((i) => !arrived.includes(i));
  // After a repeated frame the order continues from it; no frame is repeated that was done before.
  const backward = arrived.filter((number, i) => i > 0 && number !== (arrived[i - 1] ?? 0) + 1);
  const ledger = lane.ledger()?.outputs[0]?.ledger;
  console.log(
    `${carrier}, ${victims.length} losses, seed ${random.seed}: ${arrived.length} arrived of ${frames}, ` +
      `${arrived.length - new Set(arrived).size} repeated, ledger ${JSON.stringify(ledger)}`,
  );
  return {
    frames,
    arrived,
    missing,
    backward,
    repeated: arrived.length - new Set(arrived).size,
    torn: lane.torn(),
    ledger,
  };
}

const times = <T>(count: number, what: T): T[] => Array(count).fill(what);

describe.each(['ring', 'jetstream'] as const)('SIGKILL of the ends of a queue over %s', (carrier) => {
  it(`a queue over ${carrier} whose ends are killed loses no frame, repeats at most one per kill of the taking end, and keeps the ledgers equal`, async () => {
    const random = seeded(testSeed());
    const each = count(10, 60);
    const victims = random.shuffle<Victim>([
      ...times(each, 'give' as const),
      ...times(each, 'take' as const),
    ]);
    const result = await killed(carrier, victims, random);
    expect(result).toMatchObject({ missing: [], torn: [] });
    expect(result.repeated).toBeLessThanOrEqual(each);
    expect(result.ledger).toMatchObject({ sent: result.frames, dropped: { network: 0, queueFull: 0 } });
  });

  it(`a queue over ${carrier} whose ends are killed loses no frame when the taking end holds frames back`, async () => {
    const random = seeded(testSeed());
    const victims = random.shuffle<Victim>([...times(3, 'give' as const), ...times(5, 'take' as const)]);
    const result = await killed(carrier, victims, random, { heldFrames: 30 });
    expect(result).toMatchObject({ missing: [], torn: [] });
    expect(result.repeated).toBeLessThanOrEqual(5);
    expect(result.ledger).toMatchObject({ sent: result.frames });
  });
});

describe('a queue over JetStream', () => {
  it('a new giving pod of a queue over JetStream goes on behind the last frame, with none missing and none repeated', async () => {
    const random = seeded(testSeed());
    const result = await killed('jetstream', times(5, 'give pod' as const), random);
    expect(result).toMatchObject({ missing: [], torn: [], repeated: 0 });
    expect(result.ledger).toMatchObject({ sent: result.frames });
  });

  it('a new taking pod of a queue over JetStream goes on with the oldest frame that was not done', async () => {
    const random = seeded(testSeed());
    const result = await killed('jetstream', times(5, 'take pod' as const), random);
    expect(result).toMatchObject({ missing: [], torn: [] });
    // The frame that is kept as the position, and those whose acknowledgement was under way.
    expect(result.repeated).toBeLessThanOrEqual(5 * 5);
    expect(result.ledger).toMatchObject({ dropped: { network: 0, queueFull: 0 } });
  });

  it('a queue over JetStream loses nothing when its server forgets everything', async () => {
    const random = seeded(testSeed());
    const result = await killed('jetstream', times(5, 'server' as const), random);
    expect(result).toMatchObject({ missing: [], torn: [], repeated: 0 });
    expect(result.ledger).toMatchObject({ sent: result.frames });
  });

  it('a queue over JetStream loses nothing when pods, processes and server are lost in any order', async () => {
    const random = seeded(testSeed());
    const victims = random.shuffle<Victim>([
      'give',
      'take',
      'give pod',
      'take pod',
      'server',
      'server',
      'give pod',
      'take',
    ]);
    const result = await killed('jetstream', victims, random);
    expect(result).toMatchObject({ missing: [], torn: [] });
  });
});
