/** The command's output, the files it leaves, and its exit code. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

const videopush = (...words: string[]): Program =>
  new Program(nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), ...words], {
    env: childEnvironment(),
    limitMilliseconds: 150_000,
  });

interface Line {
  type: string;
  [field: string]: unknown;
}

interface Summary extends Line {
  outputs: { sourceFrames: number; sent: number; dropped: number; failed: number; unsettled: number }[];
  error: { code: string; message: string } | null;
  exitCode: number;
}

/** Not on a terminal, so every line of standard output is JSON. */
const lines = (program: Program): Line[] => program.stdout.map((line) => JSON.parse(line) as Line);

const summaryOf = (program: Program): Summary => {
  const summary = lines(program).findLast(({ type }) => type === 'summary');
  if (!summary) throw new Error(`no summary\n${program.tail()}`);
  return summary as Summary;
};

it('push sends a file to its end with a clean ledger and exit code 0, and the observer agrees', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 150, rate: '30', bFrames: 2 });
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using push = videopush('push', clip, server.rtsp(), '--preset', 'ultrafast', '--bitrate', '800k');
  await reader.untilIndex(149, 90_000);
  expect(await push.waitForExit(30_000)).toMatchObject({ code: 0 });
  expect(judge(reader.indices(), 0, 149)).toEqual(FLAWLESS);
  expect(summaryOf(push)).toMatchObject({
    error: null,
    outputs: [{ sourceFrames: 150, sent: 150, dropped: 0, failed: 0, unsettled: 0 }],
  });
  expect(lines(push).filter(({ type }) => type === 'status').length).toBeGreaterThan(2);
}, 150_000);

it('--for and Ctrl+C end a push in order: everything that was decoded is sent', async () => {
  using scratch = new Scratch();
  const file = scratch.file('out.mkv');
  await using limited = videopush('push', 'testpattern:size=320x180', file, '--for', '4');
  expect(await limited.waitForExit(60_000)).toMatchObject({ code: 0 });
  const [output] = summaryOf(limited).outputs;
  expect(output?.sent).toBeGreaterThan(30);
  expect(output).toMatchObject({ unsettled: 0, sent: output?.sourceFrames });

  await using interrupted = videopush('push', 'testpattern:size=320x180', file);
  await interrupted.waitForLine((line) => /"sent":[1-9]/.test(line), 60_000);
  interrupted.signal('SIGINT');
  expect(await interrupted.waitForExit(30_000)).toMatchObject({ code: 0 });
  expect(summaryOf(interrupted).outputs).toMatchObject([{ unsettled: 0 }]);
}, 150_000);

it('probe and push say what is wrong with the source without a stack trace, and end with 3', async () => {
  using scratch = new Scratch();
  for (const [source, cause] of [
    [scratch.file('missing.mp4'), /no such file/],
    [scratch.path, /is a folder/],
    [scratch.write('text.mp4', 'no video at all'), /text\.mp4/],
    [scratch.write('empty.mp4', ''), /empty/],
  ] as const) {
    for (const words of [
      ['probe', source],
      ['push', source, scratch.file('out.mkv')],
    ]) {
      await using program = videopush(...words);
      expect(await program.waitForExit(60_000), program.tail()).toMatchObject({ code: 3 });
      const said = program.stderr.join('\n');
      expect(said).toMatch(cause);
      expect(said).toMatch(/^videopush: /m);
      expect(said).not.toMatch(/^\s+at /m);
    }
  }
}, 150_000);

it('push ends with 4 when the output refuses for good, naming the reason and never the password', async () => {
  await using server = await MediaMtx.start({ publisher: { user: 'me', password: 'right' } });
  const url = server.rtsp().replace('rtsp://', 'rtsp://me:wr0ng-secret@');
  await using push = videopush('push', 'testpattern:size=320x180', url);
  expect(await push.waitForExit(60_000)).toMatchObject({ code: 4 });
  expect(summaryOf(push).error?.code).toBe('CredentialsRefused');
  expect([...push.stdout, ...push.stderr].join('\n')).not.toContain('wr0ng-secret');
}, 90_000);

it('push gives up on a server that never listened, naming the refusal', async () => {
  const port = await freePort();
  await using push = videopush('push', 'testpattern:size=320x180', `rtsp://127.0.0.1:${port}/live`);
  expect(await push.waitForExit(90_000)).toMatchObject({ code: 4 });
  expect(summaryOf(push).error?.code).toBe('ConnectRefused');
}, 120_000);

it('the command refuses usage errors, unknown encoders and unsupported schemes with exit code and advice', async () => {
  for (const [words, code, said] of [
    [['push', 'testpattern'], 2, /missing required argument 'URL'/],
    [['push', 'testpattern', 'out.mkv', '--size', 'big'], 2, /1280x720/],
    [['push', 'testpattern', 'out.mkv', '--codec', 'nosuch264'], 2, /nosuch264/],
    [['push', 'testpattern:colour=red', 'out.mkv'], 2, /pattern, size, rate, duration/],
    [['push', 'testpattern:size=320x180', 'gopher://h/x'], 4, /gopher.*(rtsp|RTSP)|(rtsp|RTSP).*gopher/s],
    [['push', 'testpattern', 'out.mkv', '--bitrat', '4M'], 2, /--bitrat'.*\(videopush push --help lists/s],
    [['fly'], 2, /unknown command/],
  ] as const) {
    await using program = videopush(...words);
    expect(await program.waitForExit(60_000), program.tail()).toMatchObject({ code });
    expect(program.stderr.join('\n')).toMatch(said);
  }
}, 150_000);

it('probe prints the properties of a source as JSON, and --help and --version print text', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({
    path: scratch.file('clip.mp4'),
    frames: 120,
    rate: '30000/1001',
    bFrames: 3,
    gop: 50,
  });
  await using probe = videopush('probe', clip, '--json');
  expect(await probe.waitForExit(60_000)).toMatchObject({ code: 0 });
  expect(JSON.parse(probe.stdout.join(''))).toMatchObject({
    video: { codec: 'h264', frameRate: '30000/1001', frameCount: 120, gopFrames: 50 },
  });
  await using help = videopush('push', '--help');
  expect(await help.waitForExit(30_000)).toMatchObject({ code: 0 });
  expect(help.stdout.join('\n')).toMatch(/--when-full[\s\S]*--catch-up[\s\S]*Examples/);
  await using version = videopush('--version');
  await version.waitForExit(30_000);
  expect(version.stdout.join('')).toMatch(/^videopush \d+\.\d+\.\d+ \(FFmpeg /);
}, 120_000);

it('run starts servers and streams from manifests and stops them again', async () => {
  const manifest = join(repoRoot, 'examples', 'local', 'mediamtx.yaml');
  await using run = videopush('run', manifest, '--for', '5');
  await run.waitForLine(/"type":"watch"/, 30_000);
  expect(await run.waitForExit(90_000), run.tail()).toMatchObject({ code: 0 });
  const summaries = lines(run).filter(({ type }) => type === 'summary') as Summary[];
  expect(summaries.map(({ stream }) => stream).sort()).toEqual(['bars', 'pattern']);
  for (const { outputs } of summaries) expect(outputs[0]?.sent).toBeGreaterThan(20);
}, 150_000);

it('run refuses a manifest with an unknown field, a missing server or an unnamed claim, with the field or the option', async () => {
  using scratch = new Scratch();
  const push = (spec: string) =>
    `apiVersion: videopush.dev/v1alpha1\nkind: VideoPush\nmetadata: { name: one }\nspec:\n${spec}\n`;
  const output = '  outputs: [{ name: main, url: "rtsp://127.0.0.1:9/x" }]';
  for (const [text, said] of [
    [push(`  source: { testPattern: {} }\n  colour: red\n${output}`), /spec\.colour/],
    [
      push('  source: { testPattern: {} }\n  outputs: [{ name: main, serverRef: { name: does-not-exist } }]'),
      /does-not-exist/,
    ],
    [
      push(`  source: { persistentVolumeClaim: { claimName: films, path: a.mp4 } }\n${output}`),
      /--claim films=DIR/,
    ],
  ] as const) {
    await using run = videopush('run', scratch.write('bad.yaml', text));
    expect(await run.waitForExit(60_000)).toMatchObject({ code: 2 });
    expect(run.stderr.join('\n')).toMatch(said);
  }
}, 120_000);
