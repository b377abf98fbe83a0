/**
 * Servers that record are killed and frozen at random instants of a push; their records are compared with
 * the ledger. What can be expected depends on how a server ends:
 *
 * - Frozen and resumed, it loses nothing: each frame that counts as sent is in its record.
 * - Killed, it may take with it what its kernel, or it itself, had acknowledged and it had not written yet.
 *   No publisher can know of that, so such a hole is allowed, but only directly behind the last frame that a
 *   run of the server has recorded, and only as long as the server's own buffers explain (`buffered`).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { judge } from '../support/frame-verdict.ts';
import { freePort, freePortPair } from '../support/ports.ts';
import { type Random, seeded, testSeed } from '../support/random.ts';
import { RecordingMediaMtx } from '../support/recording-mediamtx.ts';
import { NginxRtmp, type RecordingServer, SrtReceiver } from '../support/recording-servers.ts';
import { count, within } from '../support/repetitions.ts';
import { Push, settled } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const RATE = 25;
const FRAMES = 12 * RATE;
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };

/** What the kernel took for a frozen server is read when that runs again, unless it is killed before. */
const CATCH_UP_MILLISECONDS = 2_000;

interface Peer {
  name: string;
  make: (scratch: Scratch) => Promise<RecordingServer>;
  /** Frames that a killed server may have acknowledged and not written. */
  buffered: number;
  /** In seconds. Some outlast the write timeout of 5 s. */
  longestFreeze: number;
}

/**
 * MediaMTX's recorder begins again, and leaves out what comes meanwhile, once its stream lies 5 s behind its
 * clock (ntpDriftTolerance in its internal/recorder): a longer freeze shows nothing about the push.
 */
const MEDIAMTX_FREEZE = 4;

const peers: Peer[] = [
  // Its recorder writes whole parts of 0.1 s, behind a queue.
  {
    name: 'RTSP (MediaMTX)',
    make: (scratch) => RecordingMediaMtx.make(scratch, 'rtsp'),
    buffered: 10,
    longestFreeze: MEDIAMTX_FREEZE,
  },
  // It writes each message at once: only what its kernel holds for it is lost.
  {
    name: 'RTMP (nginx)',
    make: async (scratch) => new NginxRtmp(scratch, await freePort()),
    buffered: 3,
    longestFreeze: 8,
  },
  {
    name: 'RTMP (MediaMTX)',
    make: (scratch) => RecordingMediaMtx.make(scratch, 'rtmp'),
    buffered: 10,
    longestFreeze: MEDIAMTX_FREEZE,
  },
  // What libsrt holds back for its latency counts as sent only when that has passed.
  {
    name: 'SRT (srt-live-transmit)',
    make: async (scratch) => new SrtReceiver(scratch, await freePortPair()),
    buffered: 3,
    longestFreeze: 8,
  },
  // Not SRT to MediaMTX: after a freeze it had not recorded the last 1.5 s that it had acknowledged.
];

interface Outage {
  kind: 'kill' | 'freeze';
  /** The encoder has encoded so many frames when it begins. */
  frame: number;
  seconds: number;
}

/** A kill and a freeze of random length in random order. */
function outages(random: Random, longestFreeze: number): Outage[] {
  const kinds = random.shuffle(['kill', 'freeze'] as const);
  const half = FRAMES / 2;
  return kinds.map((kind, n) => ({
    kind,
    frame: n * half + random.integer(5, half - RATE),
    seconds: kind === 'kill' ? 0.2 + 2 * random.next() : 0.2 + (longestFreeze - 0.2) * random.next(),
  }));
}

async function suffer(server: RecordingServer, { kind, seconds }: Outage): Promise<void> {
  if (kind === 'kill') {
    server.signal('SIGKILL');
    await server.ended();
    await sleep(1_000 * seconds);
    await server.start();
  } else {
    server.signal('SIGSTOP');
    await sleep(1_000 * seconds);
    server.signal('SIGCONT');
    await sleep(CATCH_UP_MILLISECONDS);
  }
}

/** The frames that a killed server may have swallowed: those behind the end of each of its runs. */
function swallowable(runs: readonly number[][], buffered: number): Set<number> {
  const ends = [-1, ...runs.map((run) => run.reduce((last, index) => Math.max(last, index), -1))];
  return new Set(ends.flatMap((end) => Array.from({ length: buffered }, (_, i) => end + 1 + i)));
}

async function pushThrough(peer: Peer, seed: number): Promise<void> {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: FRAMES, width: 320, height: 180 });
  const plan = outages(seeded(seed), peer.longestFreeze);
  await using server = await peer.make(scratch);
  await server.start();
  await using push = new Push({ source: { uri: clip }, outputs: server.url, encode: { encoder } });
  for (const outage of plan) {
    await until('the next outage', () => push.encoder.snapshot().encoded >= outage.frame, 60_000);
    await suffer(server, outage);
  }
  await push.ended();
  server.signal('SIGTERM');
  await server.ended();
  const runs = await server.runs();
  const { ledger } = push.output();
  const verdict = judge(runs.flat(), 0, FRAMES - 1);
  const told = plan.map(({ kind, frame, seconds }) => `${kind} at ${frame} for ${seconds.toFixed(2)} s`);
  const what = `${peer.name}, seed ${seed}: ${told.join(', ')}; ${JSON.stringify({ ledger, verdict })}`;
  console.log(what);
  const seen = new Set(runs.flat()).size;
  const killable = swallowable(runs, peer.buffered);
  const unsent = FRAMES - ledger.sent;
  expect(settled(ledger), what).toBe(FRAMES);
  expect(verdict.foreign, what).toEqual([]);
  // A frame that counts as dropped may have arrived; one that counts as sent was written or swallowed.
  expect(verdict.missing.filter((index) => !killable.has(index)).length, what).toBeLessThanOrEqual(unsent);
  expect(seen, what).toBeGreaterThanOrEqual(ledger.sent - peer.buffered);
  expect(seen, what).toBeLessThanOrEqual(FRAMES);
}

const firstSeed = testSeed();
const pushes = Array.from({ length: count(1, 16) }, (_, i) => firstSeed + i);

it.concurrent.each(peers)(
  'a server that is killed and frozen at random instants has by $name every frame that counts as sent',
  async (peer) => {
    for (const seed of pushes) await pushThrough(peer, seed);
  },
  within(150_000),
);
