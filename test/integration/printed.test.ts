/** Every command that a page or a help prints for one machine runs as printed, and so does every sample. */
import { chmodSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment, kubernetesTarget, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { makeClip } from '../support/clips.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { samples } from '../support/printed/printed.ts';
import { checkout, type } from '../support/printed/shell.ts';
import { FROM_FFMPEG, HERE, type Step, WITH_OWN_SERVER, WITH_STAND_INS } from '../support/printed/table.ts';
import { Program } from '../support/program.ts';
import type { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

/** Where the pages say that a server listens. */
const RTSP_PORT = 8554;
const LIMIT_MILLISECONDS = 150_000;
let folder: Scratch;

/** True when neither another run of this file nor a server of the machine listens on the port. */
const portIsFree = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(RTSP_PORT, '127.0.0.1');
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });

beforeAll(async () => {
  folder = checkout();
  mkdirSync(folder.file('videos'));
  for (const name of ['talk.mp4', 'test-video.mp4', 'videos/film.mp4'])
    await makeClip({ path: folder.file(name), frames: 100, rate: '25' });
  folder.write('url.txt', `rtsp://localhost:${RTSP_PORT}/talk\n`);
  await until(`port ${RTSP_PORT} is free`, portIsFree, 120_000);
}, 180_000);
afterAll(() => folder?.[Symbol.dispose]());

const asPrinted = (step: Step): Promise<void> =>
  type(step, { cwd: folder.path, limitMilliseconds: LIMIT_MILLISECONDS });

describe('with a media server at port 8554', () => {
  let server: MediaMtx;
  beforeAll(async () => {
    server = await MediaMtx.start({ rtspPort: RTSP_PORT, paths: { talk: {}, video: {} } });
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(HERE)('the command “$command” works as printed with a media server at port 8554', asPrinted);

  const programs = [...samples('ts'), ...samples('js')].map(({ page, line, text }, n) => ({
    where: `${page}:${line}`,
    text,
    n,
  }));
  it.each(programs)('the sample of $where runs to its end', async ({ text, n }) => {
    const name = `sample-${n}.ts`;
    folder.write(name, text);
    await asPrinted({ command: `npx node ${name}` });
  });
});

describe('with `videopush server` in another terminal', () => {
  let server: Program;
  beforeAll(async () => {
    const words = [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), 'server'];
    server = new Program(nodeBinary(), words, { env: childEnvironment(), limitMilliseconds: 600_000 });
    await server.waitForLine(/"type":"server"/, 60_000);
  }, 60_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(FROM_FFMPEG)(
    'the command “$command” works as printed with `videopush server` in another terminal',
    asPrinted,
  );
});

describe('with a media server of its own', () => {
  it.each(WITH_OWN_SERVER)(
    'the command “$command” works as printed with a media server of its own',
    asPrinted,
  );
});

describe('with stand-ins for what this machine lacks', () => {
  const names = ['docker', 'kind', 'ctr'];
  beforeAll(() => {
    mkdirSync(folder.file('stand-ins'));
    for (const name of names) {
      const program = folder.write(
        `stand-ins/${name}`,
        `#!/bin/sh\n[ ${name} != ctr ] || cat >/dev/null\necho "${name} $*"\n`,
      );
      chmodSync(program, 0o755);
    }
  });

  it.each(WITH_STAND_INS)(
    'the command “$command” works as printed with stand-ins for what this machine lacks',
    (step) => {
      const programs = [folder.file('stand-ins'), kubernetesTarget()];
      return type(step, { cwd: folder.path, programs, limitMilliseconds: LIMIT_MILLISECONDS });
    },
  );
});

it('the pages have samples in TypeScript to run', () => {
  expect(samples('ts').length).toBeGreaterThan(1);
});
