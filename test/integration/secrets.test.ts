/** The processes of a stream neither print their secrets nor show them to other users of the machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkWorkerConfig,
  type DecoderConfig,
  type EncoderConfig,
} from '@videopush/resources/worker-config';
import { describe, expect, it } from 'vitest';
import { startLocalStream } from '../../cli/src/local/stream.ts';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { MediaMtx } from '../support/mediamtx.ts';
import { freePort } from '../support/ports.ts';
import { processTree } from '../support/process-tree.ts';
import { Program } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const OUTPUT = { user: 'publisher-bob', password: 'hunt&er#2' };
const SOURCE = { user: 'camera-ann', password: 'p@ss:word/9' };
const KEY = 's3cr3t-k3y';
const TOKEN = 't0ken-of-bob';
const SECRETS = [OUTPUT, SOURCE]
  .flatMap(({ user, password }) => [user, password, encodeURIComponent(password)])
  .concat(KEY, TOKEN);

function expectNoSecret(text: string): void {
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

const startServer = (): Promise<MediaMtx> =>
  MediaMtx.start({
    rtmp: true,
    paths: { cam: {}, [`live2/${KEY}`]: {}, other: {} },
    publisher: OUTPUT,
  });

const withUser = (url: string, { user, password }: typeof SOURCE): string =>
  url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);

async function pagesOf(base: string): Promise<string> {
  const pages = ['/status', '/metrics', '/readyz'];
  return (await Promise.all(pages.map(async (page) => (await fetch(base + page)).text()))).join('\n');
}

it('a stream whose roles log at level debug prints no secret, connected or not, by RTMP, RTSP and SRT', async () => {
  await using server = await startServer();
  const outputs = ['key', 'plain', 'camera', 'nobody'];
  const queue = { path: '/replaced/by/the/runner', outputs };
  const common = { version: 1, stream: 'default/secrets', logLevel: 'debug', queue };
  const urls = {
    plain: `${server.rtmp('other')}?token=${TOKEN}`,
    camera: `${server.rtsp('live2/elsewhere')}?token=${TOKEN}`,
    nobody: `srt://127.0.0.1:${await freePort()}?passphrase=${KEY}${KEY}&streamid=publish:x`,
  };
  const configs = {
    decoder: checkWorkerConfig({
      ...common,
      role: 'decoder',
      source: { uri: `${server.rtsp('cam')}?token=${TOKEN}`, onEnd: 'Reconnect' },
    }) as DecoderConfig,
    encoder: checkWorkerConfig({
      ...common,
      role: 'encoder',
      outputs: [
        { name: 'key', urlFile: 'given' },
        ...Object.entries(urls).map(([name, url]) => ({ name, url })),
      ],
    }) as EncoderConfig,
  };
  const account = { username: OUTPUT.user, password: OUTPUT.password };
  const lines: string[] = [];
  await using stream = await startLocalStream(configs, {
    credentials: {
      source: { username: SOURCE.user, password: SOURCE.password },
      outputs: {
        key: { ...account, url: server.rtmp(`live2/${KEY}`) },
        plain: account,
        camera: account,
        nobody: account,
      },
    },
    onLog: (entry) => lines.push(JSON.stringify(entry)),
  });
  await until(
    'RTMP to be published and SRT to have failed',
    async () => {
      const status = await stream.encoder.status();
      const of = (name: string) => status?.snapshot?.outputs.find((output) => output.name === name);
      return (of('key')?.connects && of('plain')?.connects && of('nobody')?.error) || undefined;
    },
    60_000,
  );
  const text = [await pagesOf(stream.decoder.url), await pagesOf(stream.encoder.url), ...lines].join('\n');
  expect(text).toContain('Proto = rtmp');
  expect(text).toContain(`rtmp://127.0.0.1:${server.rtmpPort}/***`);
  expectNoSecret(text);
  expectNoSecret(JSON.stringify(processTree(process.pid).filter(({ pid }) => pid !== process.pid)));
  await stream.stop();
  expectNoSecret(lines.join('\n'));
}, 120_000);

describe('videopush', () => {
  const videopushIn = (environment: Record<string, string>, ...words: string[]): Program =>
    new Program(nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), ...words], {
      env: childEnvironment(environment),
      limitMilliseconds: 120_000,
    });
  const videopush = (...words: string[]): Program => videopushIn({}, ...words);

  const pushFromFiles = (source: string, url: string, scratch: Scratch): Program => {
    const files = [scratch.write('source', `${source}\n`), scratch.write('url', `${url}\n`)] as const;
    return videopush('push', '--source-file', files[0], '--url-file', files[1], '--json');
  };
  const pushFromEnvironment = (source: string, url: string): Program =>
    videopushIn({ VIDEOPUSH_SOURCE: source, VIDEOPUSH_URL: url }, 'push', '--json');

  it.each([
    { where: 'files', start: pushFromFiles, holder: () => undefined },
    { where: 'the environment', start: pushFromEnvironment, holder: ({ pid }: Program) => pid },
  ])(
    'push shows no secret of addresses from $where in its output, in ps, or on the pages of its processes',
    async ({ start, holder }) => {
      await using server = await startServer();
      using scratch = new Scratch();
      const source = `${withUser(server.rtsp('cam'), SOURCE)}?token=${TOKEN}`;
      const url = `${withUser(server.rtmp(`live2/${KEY}`), OUTPUT)}?token=${TOKEN}`;
      await using push = start(source, url, scratch);
      await push.waitForLine(/"type":"status".*"sent":[1-9]/, 60_000);
      const tree = processTree(push.pid);
      expect(tree.length).toBeGreaterThanOrEqual(5); // the command, two supervisors, two roles
      expectNoSecret(JSON.stringify(tree.map(({ argv }) => argv)));
      expectNoSecret(JSON.stringify(tree.filter(({ pid }) => pid !== holder(push))));
      const configs = new Set(tree.flatMap(({ argv }) => argv.filter((word) => /coder\.json$/.test(word))));
      expect(configs.size).toBe(2);
      for (const file of configs) {
        const { http } = JSON.parse(readFileSync(file, 'utf8')) as { http: { port: number } };
        expectNoSecret(await pagesOf(`http://127.0.0.1:${http.port}`));
      }
      push.signal('SIGINT');
      await push.waitForExit(30_000);
      const printed = [...push.stdout, ...push.stderr].join('\n');
      expect(printed).toContain(`rtmp://127.0.0.1:${server.rtmpPort}/***`);
      expectNoSecret(printed);
    },
    150_000,
  );

  it('push with addresses on its command line shows them in no process but its own', async () => {
    await using server = await startServer();
    const url = `${withUser(server.rtmp(`live2/${KEY}`), OUTPUT)}?token=${TOKEN}`;
    await using push = videopush('push', 'testpattern:size=320x180', url);
    await push.waitForLine(/"type":"status".*"sent":[1-9]/, 60_000);
    expectNoSecret(JSON.stringify(processTree(push.pid).filter(({ pid }) => pid !== push.pid)));
    push.signal('SIGINT');
    await push.waitForExit(30_000);
    expectNoSecret([...push.stdout, ...push.stderr].join('\n'));
  }, 150_000);

  it.each([
    { what: 'push to a server that does not exist', words: ['push', 'testpattern:size=320x180'] },
    { what: 'push to a scheme that is not offered', words: ['push', 'testpattern:size=320x180'] },
    { what: 'probe of a source that does not exist', words: ['probe'] },
    { what: 'probe of a scheme that is not read', words: ['probe'] },
  ])(
    'the error of a $what holds no secret',
    async ({ what, words }) => {
      const scheme = /scheme/.test(what) ? 'gopher' : 'rtsp';
      const address = withUser(
        `${scheme}://127.0.0.1:${await freePort()}/live2/cam?jwt=${TOKEN}#${KEY}`,
        SOURCE,
      );
      await using program = videopush(...words, address);
      expect((await program.waitForExit(90_000)).code).toBeGreaterThan(1);
      const printed = [...program.stdout, ...program.stderr].join('\n');
      expect(printed).toContain('127.0.0.1');
      expectNoSecret(printed);
    },
    120_000,
  );
});
