/**
 * `npm run demo`: real footage through a real MediaMTX, watched, read back at the same time, and accounted
 * for. `-- --for SECONDS` shortens it.
 */
import { parseArgs } from 'node:util';
import { FrameReader } from '@videopush/native';
import type { MediaServer, VideoPush } from '@videopush/resources';
import { ExitCode, formatError } from './errors.ts';
import { follow } from './live.ts';
import { demoClip } from './local/programs.ts';
import { report } from './report.ts';
import { type Running, withStreams } from './run.ts';
import { type LocalServer, watchAt } from './servers.ts';
import { parseDuration } from './values.ts';
import { makeView } from './view/view.ts';

const server: MediaServer = {
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'demo' },
  spec: { type: 'MediaMTX', protocols: ['RTSP', 'HLS'] },
};

const push = (clip: string | null): VideoPush => ({
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'VideoPush',
  metadata: { name: 'demo' },
  spec: {
    source: clip === null ? { testPattern: {} } : { uri: clip, onEnd: 'Repeat' },
    outputs: [{ name: 'main', serverRef: { name: 'demo' }, path: 'demo' }],
  },
});

/** Small pictures are enough to distinguish the server's slate from the footage. */
const LOOK = { format: 'rgb24', width: 64, height: 36 } as const;

/** Mean difference per sample, of 255, below which two pictures are the same still image. */
const SAME_PICTURE = 4;

function differs(a: Uint8Array, b: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length > SAME_PICTURE;
}

/** A viewer that connects before the push: the server shows a slate, a still card, while nobody publishes. */
class Viewer {
  readonly #reader: FrameReader;
  readonly #slate: Uint8Array;
  #arrived = 0;
  #slateSince = 0;
  readonly #done: Promise<void>;

  private constructor(reader: FrameReader, slate: Uint8Array) {
    this.#reader = reader;
    this.#slate = slate;
    this.#done = this.#count();
  }

  static async attach(url: string): Promise<Viewer> {
    const reader = await FrameReader.open(url, LOOK);
    const first = await reader.next();
    if (!first) throw new Error('the media server sent nothing');
    const slate = Uint8Array.from(first.data);
    first.release();
    return new Viewer(reader, slate);
  }

  async #count(): Promise<void> {
    try {
      for await (const frame of this.#reader) {
        const footage = differs(frame.data, this.#slate);
        frame.release();
        this.#arrived += Number(footage);
        this.#slateSince = footage ? 0 : this.#slateSince + 1;
      }
    } catch {
      // closed, or the server has ended
    }
  }

  /** Frames of the push that arrived, once the slate is back (or after `seconds`). */
  async finish(seconds: number): Promise<number> {
    const until = performance.now() + seconds * 1000;
    while (this.#slateSince < 3 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.#reader.close();
    await this.#done;
    return this.#arrived;
  }
}

async function demo(seconds: number): Promise<ExitCode> {
  const clip = demoClip();
  const view = makeView(false);
  const resource = push(clip);
  const footage = clip ? 'Big Buck Bunny, repeated' : 'the test pattern (the footage is not available)';
  view.say(`Pushing ${footage} for ${seconds} s; Ctrl+C ends it earlier.`, {
    type: 'demo',
    footage,
    seconds,
  });
  let viewer: Viewer | undefined;
  const attach = async (running: ReadonlyMap<string, LocalServer>): Promise<void> => {
    const place = running.get('demo');
    const url = place && watchAt(resource, 0, place)?.rtsp;
    if (url) viewer = await Viewer.attach(url);
  };
  const manifests = { pushes: [resource], servers: [server], secrets: new Map() };
  const flags = { for: seconds };
  const run = async ({ streams, stop }: Running): Promise<ExitCode> => {
    const results = await follow(streams, view, { seconds, stop });
    const arrived = (await viewer?.finish(10)) ?? 0;
    const exitCode = report(results, view);
    const sent = results[0]?.outputs[0]?.sent ?? 0;
    const whole = sent > 0 && arrived === sent;
    const verdict = whole ? 'every frame arrived' : 'NOT EVERY FRAME ARRIVED';
    view.say(
      `  viewer   ${sent} frames sent, ${arrived} frames arrived through the media server: ${verdict}`,
      {
        type: 'viewer',
        sent,
        arrived,
      },
    );
    return exitCode === ExitCode.Ok && !whole ? ExitCode.Failed : exitCode;
  };
  return await withStreams(manifests, flags, view, run, attach);
}

try {
  const { values } = parseArgs({ options: { for: { type: 'string', default: '60' } } });
  process.exitCode = await demo(parseDuration(values.for));
} catch (error) {
  process.stderr.write(`${formatError(error)}\n`);
  process.exitCode = ExitCode.Failed;
}
