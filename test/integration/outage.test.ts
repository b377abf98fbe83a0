/** What a caller of the frame API sees while the server is away. */
import { FramePusher, type LedgerTotals, type OutputSnapshot } from '@videopush/native';
import { expect, it } from 'vitest';
import { RtspServer } from '../support/rtsp-server.ts';

const RATE = 25;
const FRAMES = 8 * RATE;
const QUEUE = 10;
/** What a push may wait for at most: that the queue moves on by its length. Milliseconds. */
const LONGEST = (QUEUE * 1000) / RATE;
const OUTAGE = 3000;
const picture = new Uint8Array(320 * 180 * 3).fill(100);

interface Outage {
  /** The longest push() while the server was away, and how many there were. */
  longest: number;
  pushes: number;
  ledger: LedgerTotals;
  received: number;
}

/** Pushes FRAMES to a server that goes away behind the 50th of them, for OUTAGE. */
async function pushThrough(maxLeadSeconds: number): Promise<Outage> {
  let back = 0;
  const away = () => performance.now() < back;
  await using server = await RtspServer.start({
    onUnit: (count, connection) => {
      if (connection > 1 || count !== 50) return undefined;
      back = performance.now() + OUTAGE;
      return 'reset';
    },
    onConnect: () => (away() ? 'reset' : undefined),
  });
  await using pusher = await FramePusher.open({
    ...{ url: server.url(), width: 320, height: 180, frameRate: `${RATE}` },
    encoder: { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 500_000 },
    ...{ queueFrames: QUEUE, maxLeadSeconds, onOutage: 'drop' },
  });
  let longest = 0;
  let pushes = 0;
  for (let i = 0; i < FRAMES; i++) {
    const before = performance.now();
    await pusher.push(picture);
    if (back === 0 || before >= back) continue;
    longest = Math.max(longest, performance.now() - before);
    pushes += 1;
  }
  await pusher.finish();
  const { ledger } = pusher.snapshot().outputs[0] as OutputSnapshot;
  return { longest, pushes, ledger, received: server.units().length };
}

it.concurrent.each([0, 0.4])(
  "a push with onOutage 'drop' and a lead of %d s goes on at its pace while the server is away, and counts what it drops",
  async (maxLeadSeconds) => {
    const { longest, pushes, ledger, received } = await pushThrough(maxLeadSeconds);
    const missed = ledger.dropped.network;
    console.log(
      `longest push ${longest.toFixed(0)} ms, ${pushes} pushes during the outage, ${missed} dropped`,
    );
    expect(longest).toBeLessThan(LONGEST + 250);
    // At the pace of the frames: neither held up nor as fast as they can be encoded.
    expect(pushes).toBeGreaterThan((0.6 * OUTAGE * RATE) / 1000);
    expect(pushes).toBeLessThan((1.4 * OUTAGE * RATE) / 1000 + QUEUE);
    expect(ledger.sent + missed).toBe(FRAMES);
    expect(ledger).toMatchObject({ failed: { encode: 0, output: 0 }, dropped: { queueFull: 0, late: 0 } });
    // An attempt to connect succeeds up to two seconds after the server is back.
    expect(missed).toBeGreaterThan((0.6 * OUTAGE * RATE) / 1000);
    expect(received).toBeGreaterThanOrEqual(ledger.sent);
    expect(ledger.sent).toBeGreaterThan(50);
  },
);
