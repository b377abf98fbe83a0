/** The samples of the pages work with further sources: in portrait, of variable rate, and with long GOPs. */
import { FrameReader } from '@videopush/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment, nodeBinary } from '../../scripts/paths.mjs';
import { type ClipOptions, makeClip } from '../support/clips.ts';
import { PORTRAIT, showBy } from '../support/corners.ts';
import { samples } from '../support/printed/printed.ts';
import { checkout } from '../support/printed/shell.ts';
import { run } from '../support/program.ts';
import type { Scratch } from '../support/tools.ts';

const SIZE = { width: 320, height: 180 };
/** A page's address, whatever its path: a file can be read again, frame for frame. */
const ADDRESS = /rtsp:\/\/localhost:8554\/\w+/;
let folder: Scratch;
let made = 0;

beforeAll(() => {
  folder = checkout();
});
afterAll(() => folder?.[Symbol.dispose]());

/** The one sample of a page, reading `clip` and writing `out`. */
function sampleOf(page: string, clip: string, out: string): string {
  const [sample, ...others] = samples('ts').filter((each) => each.page === page);
  if (!sample || others.length > 0) throw new Error(`${page} must have one sample`);
  const text = sample.text.replaceAll(/'[\w-]+\.mp4'/g, `'${clip}'`).replace(ADDRESS, out);
  return folder.write(`sample-${made++}.ts`, text);
}

const clip = (options: Partial<ClipOptions> = {}): Promise<string> =>
  makeClip({ path: folder.file(`clip-${made++}.mp4`), frames: 60, ...SIZE, ...options });

const node = (...args: string[]) =>
  run(nodeBinary(), args, { cwd: folder.path, env: childEnvironment(), limitMilliseconds: 150_000 });

async function times(path: string): Promise<number[]> {
  await using reader = await FrameReader.open(path, { format: 'native' });
  const seen: number[] = [];
  for await (const frame of reader) {
    seen.push(frame.pts);
    frame.release();
  }
  return seen;
}

describe.each(['docs/library.md', 'docs/mpegcoder.md'])('the sample of %s', (page) => {
  it(`the sample of ${page} pushes a portrait video of a phone upright and whole`, async () => {
    const [source, out] = [showBy(await clip(), PORTRAIT), folder.file(`portrait-${made}.mkv`)];
    await node(sampleOf(page, source, out));
    await using reader = await FrameReader.open(out);
    expect(reader.descriptor.video).toMatchObject({ width: 180, height: 320, rotation: 0 });
    expect(await times(out)).toHaveLength(60);
  });
});

it('the sample of docs/library.md keeps the times of a variable frame rate', async () => {
  const source = await clip({ instants: 'if(lt(N,40),N/50,0.8+(N-40)/10)' });
  const out = folder.file('variable.mkv');
  await node(sampleOf('docs/library.md', source, out));
  const [given, seen] = [await times(source), await times(out)];
  expect(seen).toHaveLength(given.length);
  // Matroska counts in milliseconds.
  for (const [i, pts] of seen.entries()) expect(Math.abs(pts - (given[i] as number))).toBeLessThan(0.0011);
});

describe('with 20 s of 720p in GOPs of 250 frames', () => {
  /**
   * One GOP of it as RGB is 690 MB; Node, decoder, encoder and the frames between them take about 260. The
   * encoder of the second example asks x264 for 16 B-frames, which holds up to 50 pictures for them.
   */
  const mostResidentMb = (role: string) => (role === 'encoder' ? 600 : 450);
  let long: string;

  beforeAll(async () => {
    const path = folder.file('long.mp4');
    long = await makeClip({ path, frames: 500, width: 1280, height: 720, gop: 250, bitRate: '1M' });
  }, 120_000);

  /** The peak of each process that the program starts, in megabytes, and its first argument. */
  async function peaks(...args: string[]): Promise<{ role: string; megabytes: number }[]> {
    const print =
      'process.on("exit", () => console.log("peak " + process.resourceUsage().maxRSS + " " + process.argv[2]))';
    const { stdout } = await node('--import', `data:text/javascript,${encodeURIComponent(print)}`, ...args);
    return stdout
      .map((line) => /^peak (\d+) (.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, kilobytes, role]) => ({ role: role as string, megabytes: Number(kilobytes) / 1024 }));
  }

  const out = (name: string) => folder.file(`${name}.mkv`);
  it.concurrent.each([
    ['the sample of docs/mpegcoder.md', () => [sampleOf('docs/mpegcoder.md', long, out('sample'))]],
    ['examples/mpegcoder/non-blocking.ts', () => ['examples/mpegcoder/non-blocking.ts', long, out('one')]],
    ['examples/mpegcoder/dual-process.ts', () => ['examples/mpegcoder/dual-process.ts', long, out('two')]],
  ])('the program %s holds a few frames at a time when GOPs have 250 frames', async (_, args) => {
    const seen = await peaks(...args());
    expect(seen.length).toBeGreaterThan(0);
    for (const { role, megabytes } of seen) expect(megabytes, role).toBeLessThan(mostResidentMb(role));
  });
});
