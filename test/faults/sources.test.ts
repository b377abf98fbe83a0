/** Damaged and hostile sources end in a typed error, without a crash, and open nothing that is not named. */

import { once } from 'node:events';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NativeError, probe } from '@videopush/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { Recorder } from '../support/recorder.ts';
import { Push } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';

const scratch = new Scratch();
let clip: string;

beforeAll(async () => {
  clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 100, width: 320, height: 180 });
});
afterAll(() => scratch[Symbol.dispose]());

/** The error that opening ends in. */
async function refusal(uri: string): Promise<NativeError> {
  const error = await probe({ uri, openTimeoutMilliseconds: 3_000, readTimeoutMilliseconds: 3_000 }).then(
    () => expect.unreachable(`${uri} was taken`),
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(NativeError);
  expect((error as NativeError).message.split('\n')).toHaveLength(1);
  expect((error as NativeError).action).not.toBe('');
  return error as NativeError;
}

/** An HTTP server that a test gives its answers; `visits` are the paths asked for. */
async function serve(answer: (path: string, request: IncomingMessage, response: ServerResponse) => void) {
  const visits: string[] = [];
  const server: Server = createServer((request, response) => {
    visits.push(request.url ?? '');
    answer(request.url ?? '', request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    visits,
    url: (path: string) => `http://127.0.0.1:${port}${path}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('files that are no video', () => {
  it('a source that is missing, a folder, empty, text or noise ends in an error of its own', async () => {
    expect((await refusal(scratch.file('absent.mp4'))).code).toBe('SourceNotFound');
    expect(['SourceUnsupported', 'SourceNotFound', 'InvalidArgument', 'SourceCorrupt']).toContain(
      (await refusal(scratch.path)).code,
    );
    expect((await refusal(scratch.write('empty.mp4', ''))).code).toBe('SourceEmpty');
    expect(['SourceUnsupported', 'SourceCorrupt']).toContain(
      (await refusal(scratch.write('text.mp4', 'not a video\n'.repeat(500)))).code,
    );
    writeFileSync(
      scratch.file('noise.bin'),
      Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 193 + (i >> 8) * 7) & 0xff)),
    );
    expect(['SourceUnsupported', 'SourceCorrupt', 'SourceNoVideo']).toContain(
      (await refusal(scratch.file('noise.bin'))).code,
    );
  });

  it('a truncated source ends in a typed error, never in a silent success', async () => {
    const whole = readFileSync(clip);
    // An MP4 file has its index at the end, and cannot be read without it.
    writeFileSync(scratch.file('cut.mp4'), whole.subarray(0, whole.length / 2));
    expect(['SourceCorrupt', 'SourceTruncated', 'SourceUnsupported']).toContain(
      (await refusal(scratch.file('cut.mp4'))).code,
    );

    // With the index in front, the existing part of the file is sent before the error is reported.
    const front = await makeClip({
      path: scratch.file('front.mp4'),
      frames: 100,
      rate: '50',
      width: 320,
      height: 180,
      extra: ['-movflags', '+faststart'],
    });
    const bytes = readFileSync(front);
    writeFileSync(scratch.file('half.mp4'), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    await using recorder = await Recorder.start();
    await using push = new Push({ source: { uri: scratch.file('half.mp4') }, outputs: recorder.url() });
    const failure = await push.decoder.wait().then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure ?? push.decoder.snapshot().error).toMatchObject({ code: 'SourceTruncated' });
  }, 60_000);

  it('a source that is cut at a hundred places never takes the process down', async () => {
    const whole = readFileSync(clip);
    for (let part = 0; part < 100; part++) {
      writeFileSync(scratch.file('part.mp4'), whole.subarray(0, Math.floor((whole.length * part) / 100)));
      await refusal(scratch.file('part.mp4'));
    }
  }, 120_000);
});

describe('no file or host is opened that the source did not name', () => {
  const inner = () => clip;
  const playlists: Record<string, () => string> = {
    'list.m3u8': () => `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4,\nfile://${inner()}\n#EXT-X-ENDLIST\n`,
    'list.ffconcat': () => `ffconcat version 1.0\nfile '${inner()}'\n`,
    'list.mpd': () =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>${inner()}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    'list.sdp': () =>
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
  };

  it.each(Object.keys(playlists))('the playlist %s is refused with a sentence', async (name) => {
    const error = await refusal(scratch.write(name, (playlists[name] as () => string)()));
    expect(['SourceUnsupported', 'SourceForbidden', 'SourceCorrupt']).toContain(error.code);
  });

  it('a playlist that names another host does not make the process connect there', async () => {
    await using canary = await serve((_, __, response) => response.end());
    const text = `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4,\n${canary.url('/segment.ts')}\n#EXT-X-ENDLIST\n`;
    await using server = await serve((_, __, response) => {
      response.setHeader('content-type', 'application/vnd.apple.mpegurl');
      response.end(text);
    });
    await refusal(server.url('/live.m3u8'));
    await refusal(server.url('/video.mp4'));
    await refusal(scratch.write('other.m3u8', text));
    expect(canary.visits).toEqual([]);
  });

  it.each([
    'concat:',
    'subfile,,start,0,end,0,,:',
    'crypto:',
    'data:video/mp4;base64,',
    'pipe:',
    'lavfi:',
    'tee:',
    'gopher://x/',
  ])('the protocol %s is refused for sources', async (prefix) => {
    const error = await refusal(`${prefix}${clip}`);
    expect(['SchemeUnsupported', 'SourceForbidden', 'SourceNotFound', 'UrlInvalid']).toContain(error.code);
  });

  it('a redirect to loopback, to link-local or to a file is refused, and the other host is not called', async () => {
    await using canary = await serve((_, __, response) => response.end());
    const places = [
      canary.url('/secret'),
      'http://169.254.169.254/latest/meta-data',
      `file://${clip}`,
      'http://[::1]:1/x',
    ];
    for (const place of places) {
      await using server = await serve((_, __, response) => {
        response.writeHead(302, { location: place });
        response.end();
      });
      expect((await refusal(server.url('/video.mp4'))).code).toBe('SourceForbidden');
    }
    expect(canary.visits).toEqual([]);
  }, 60_000);
});

describe('http sources', () => {
  /** A whole file with byte ranges, as any web server gives it. */
  const file = (_: string, request: IncomingMessage, response: ServerResponse) => {
    const { size } = statSync(clip);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Number(range[2]) : size - 1;
    response.writeHead(range ? 206 : 200, {
      'content-length': end - start + 1,
      'accept-ranges': 'bytes',
      ...(range && { 'content-range': `bytes ${start}-${end}/${size}` }),
    });
    createReadStream(clip, { start, end })
      .on('error', () => response.destroy())
      .pipe(response);
  };

  it('an HTTP source is read with the right length and size', async () => {
    await using server = await serve(file);
    const found = await probe({ uri: server.url('/clip.mp4') });
    expect(found.video).toMatchObject({ width: 320, height: 180, frameRate: '25' });
    expect(found.seekable).toBe(true);
  });

  it.each([
    [404, ['SourceNotFound']],
    [403, ['SourceForbidden', 'CredentialsRefused', 'CredentialsMissing', 'SourceNotFound']],
    [401, ['CredentialsMissing', 'CredentialsRefused']],
    [500, ['SourceDisconnected', 'SourceNotFound', 'SourceUnsupported', 'ServerRefused']],
  ])('an HTTP source that answers %i ends in its named error', async (code, names) => {
    await using server = await serve((_, __, response) => response.writeHead(code).end('no'));
    expect(names).toContain((await refusal(server.url('/clip.mp4'))).code);
  });

  it('an HTTP source that falls silent ends at the limit', async () => {
    await using server = await serve(() => {});
    const started = performance.now();
    expect((await refusal(server.url('/clip.mp4'))).code).toBe('SourceTimeout');
    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);

  it('an HTTP source can be aborted while it is silent', async () => {
    await using server = await serve(() => {});
    const controller = new AbortController();
    const pending = probe({ uri: server.url('/clip.mp4') }, { signal: controller.signal });
    await expect.poll(() => server.visits.length).toBe(1);
    const aborted = performance.now();
    controller.abort();
    await expect(pending).rejects.toThrow();
    const took = performance.now() - aborted;
    console.log(`abort of an open: ${took.toFixed(0)} ms`);
    expect(took).toBeLessThan(1_000);
  }, 60_000);
});
