/**
 * SIGKILL of the encoder's and of the decoder's role process, twenty times each, at random instants of a
 * push; in the long suite in four pushes, since a supervisor gives up after more failures than these. A
 * reader attached beforehand to MediaMTX is the observer; its slate frames do not count.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { type Random, seeded, testSeed } from '../support/random.ts';
import { count } from '../support/repetitions.ts';
import { settled } from '../support/sessions.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { type Role, Stream } from '../support/stream.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const RATE = 25;
/** Kills of each role in a push: as many failures as a supervisor puts up with in ten minutes. */
const EACH = 20;

/** Kills what runs at this moment; waits until there is something to kill. */
async function kill(role: Role): Promise<void> {
  const pid = await role.untilRunning(20_000);
  process.kill(pid, 'SIGKILL');
}

/** A start takes seconds on a busy machine, and what is killed in the middle of one has not resumed. */
async function untilResumed(stream: Stream, times: number): Promise<void> {
  const resumed = (): boolean => {
    const ring = stream.ring();
    return ring !== null && Math.min(ring.consumerResumes, ring.producerResumes) >= times;
  };
  await until(`both roles at work for the ${times + 1}. time`, resumed, 30_000);
}

interface Plan {
  frames: number;
  /** Roles to kill, in order; `both` at the same instant. */
  kills: ('encoder' | 'decoder' | 'both')[];
  /** Seconds between kills, uniformly from this range. */
  between: readonly [number, number];
}

async function pushAndKill(plan: Plan, random: Random) {
  using scratch = new Scratch();
  const clip = await makeClip({
    path: scratch.file('clip.mp4'),
    frames: plan.frames,
    rate: `${RATE}`,
    width: 320,
    height: 180,
    gop: 25,
  });
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using stream = await Stream.start({
    source: { uri: clip, onEnd: 'Complete' },
    outputs: server.rtsp(),
    encoder: {
      encoder: 'libx264',
      preset: 'ultrafast',
      tune: 'zerolatency',
      bitRate: 500_000,
      maxBFrames: 0,
      gopFrames: 25,
    },
  });
  await reader.untilIndex(10, 60_000);
  for (const [n, role] of plan.kills.entries()) {
    await sleep(1_000 * (plan.between[0] + random.next() * (plan.between[1] - plan.between[0])));
    const seen = reader.indices().at(-1) ?? 0;
    if (seen >= plan.frames - 2 * RATE)
      throw new Error(`the push ended before kill ${n + 1}: make it longer`);
    if (role === 'both') {
      await untilResumed(stream, n);
      await Promise.all([kill(stream.decoder), kill(stream.encoder)]);
    } else await kill(stream[role]);
  }
  await reader.untilIndex(plan.frames - 1, 180_000);
  const ledger = await stream.untilSettled();
  const resumes = {
    encoder: stream.ring()?.consumerResumes ?? 0,
    decoder: stream.ring()?.producerResumes ?? 0,
  };
  const repeated = judge(reader.indices(), 0, plan.frames - 1).repeated;
  console.log(
    `${plan.kills.length} kills, seed ${random.seed}: observer saw ${reader.indices().length} stamped frames, ` +
      `${repeated.length} repeated; ledger ${JSON.stringify(ledger)}, resumes ${JSON.stringify(resumes)}`,
  );
  return { verdict: judge(reader.indices(), 0, plan.frames - 1), ledger, resumes };
}

describe('SIGKILL of the role processes', () => {
  const pushes = Array.from({ length: count(1, 4) }, (_, i) => ({ push: i + 1, seed: testSeed() + i }));
  it.each(pushes)(
    'a push (number $push) whose encoder and decoder are killed equally often loses no frame, repeats at most one per kill, and its ledger agrees with the observer',
    async ({ seed }) => {
      const random = seeded(seed);
      const kills = random.shuffle([...Array(EACH).fill('encoder'), ...Array(EACH).fill('decoder')]);
      const frames = 7.5 * EACH * RATE;
      const { verdict, ledger, resumes } = await pushAndKill({ frames, kills, between: [0.5, 5] }, random);
      expect(verdict.missing).toEqual([]);
      expect(verdict.swapped).toEqual([]);
      expect(verdict.foreign).toEqual([]);
      expect(verdict.repeated.length).toBeLessThanOrEqual(EACH);
      expect(ledger.sent).toBe(frames);
      expect(settled(ledger)).toBe(frames);
      expect(ledger.repeated).toBeGreaterThanOrEqual(verdict.repeated.length);
      expect(ledger.repeated).toBeLessThanOrEqual(EACH);
      // The kills met processes at work: some fall into a start.
      expect(resumes.encoder).toBeGreaterThan(5);
      expect(resumes.decoder).toBeGreaterThan(5);
    },
  );

  it('a push whose encoder and decoder are killed at once resumes from the ring', async () => {
    const random = seeded(testSeed());
    const frames = 30 * RATE;
    const { verdict, ledger, resumes } = await pushAndKill(
      { frames, kills: ['both', 'both', 'both'], between: [2, 4] },
      random,
    );
    expect(verdict.missing).toEqual([]);
    expect(verdict.swapped).toEqual([]);
    expect(verdict.repeated.length).toBeLessThanOrEqual(3);
    expect(ledger.sent).toBe(frames);
    expect(settled(ledger)).toBe(frames);
    expect(resumes).toEqual({ encoder: 3, decoder: 3 });
  });
});
