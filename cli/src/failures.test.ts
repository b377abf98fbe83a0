import type { OutputSnapshot } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import {
  decodeSnapshot,
  encodeSnapshot,
  outputSnapshot,
  refused,
} from '../../codec-worker/src/testing/snapshots.ts';
import { ConnectionHistory } from './connection-history.ts';
import { ExitCode } from './errors.ts';
import { closingFailure, failureOf } from './failures.ts';

const nothing = {
  sent: 0,
  repeated: 0,
  bytes: 0,
  dropped: { queueFull: 0, late: 0, decodeError: 0, network: 0, backlog: 0 },
  failed: { encode: 0, output: 0 },
};
const closed = { ...refused, code: 'ConnectionClosed', message: 'the server ended the connection' };

/**
 * Looks twice a second at an output whose server ends each connection `upSeconds` seconds after it was made.
 */
function flapping(upSeconds: number, seconds: number): { history: ConnectionHistory; last: OutputSnapshot } {
  const history = new ConnectionHistory();
  let last = outputSnapshot({ connects: 0 });
  for (let at = 0; at <= seconds; at += 0.5) {
    const up = at % (upSeconds + 1) < upSeconds;
    const connects = Math.floor(at / (upSeconds + 1)) + 1;
    last = outputSnapshot({
      phase: up ? 'Connected' : 'Waiting',
      connects,
      error: up ? null : closed,
    });
    history.notice([last], at);
  }
  return { history, last };
}

const judge = (output: OutputSnapshot, history: ConnectionHistory, elapsed: number) =>
  failureOf({
    decoder: null,
    encoder: { snapshot: encodeSnapshot({ outputs: [output] }) } as never,
    history,
    elapsed,
  });

it.each(['EncoderUnknown', 'EncoderRejected', 'InvalidArgument'])(
  'a push whose encoder reports %s ends as wrong usage',
  (code) => {
    const error = { ...refused, code, permanent: true };
    expect(
      failureOf({
        decoder: null,
        encoder: { snapshot: encodeSnapshot({ error }) } as never,
        history: new ConnectionHistory(),
        elapsed: 1,
      }),
    ).toMatchObject({ code, exitCode: ExitCode.Usage });
  },
);

describe('a running stream', () => {
  it('a running stream fails with its output after 20 s of connections that the server ends at once', () => {
    const early = flapping(1.5, 19.5);
    expect(judge({ ...early.last, error: closed }, early.history, 19.5)).toBeUndefined();
    const late = flapping(1.5, 22);
    expect(judge({ ...late.last, error: closed }, late.history, 22)).toMatchObject({
      code: 'ConnectionClosed',
      exitCode: ExitCode.Output,
    });
  });

  it('a running stream waits for an output that was connected for longer, however long it is away', () => {
    const { history, last } = flapping(6, 60);
    expect(judge({ ...last, error: closed }, history, 60)).toBeUndefined();
  });

  it('a running stream gives an output that connects late as long as any other', () => {
    const history = new ConnectionHistory();
    history.notice([outputSnapshot({ phase: 'Connected', connects: 1 })], 19);
    history.notice([outputSnapshot({ phase: 'Waiting', connects: 1, error: closed })], 21);
    expect(
      judge(outputSnapshot({ phase: 'Waiting', connects: 1, error: closed }), history, 21),
    ).toBeUndefined();
  });
});

describe('a stream that was stopped or has had its time', () => {
  const history = new ConnectionHistory();
  const end = (output: Partial<OutputSnapshot>, sourceFrames = 20, before = history) =>
    closingFailure({
      decoder: decodeSnapshot(),
      encoder: encodeSnapshot({ sourceFrames, outputs: [outputSnapshot({ phase: 'Closed', ...output })] }),
      history: before,
      urls: ['rtsp://h/x'],
    });

  it('a stopped stream has not failed when its output is connected and has sent something', () => {
    expect(end({})).toBeUndefined();
  });

  it('a stopped stream fails with the cause of an output that never worked', () => {
    expect(end({ ledger: nothing, error: refused })).toMatchObject({
      code: 'ConnectRefused',
      exitCode: ExitCode.Output,
    });
  });

  it('a stopped stream fails when nothing was sent, even without an error', () => {
    expect(end({ ledger: nothing, phase: 'Connecting' })).toMatchObject({
      code: 'NothingSent',
      exitCode: ExitCode.Output,
      message: expect.stringContaining('had not answered'),
    });
    expect(
      closingFailure({ decoder: decodeSnapshot(), encoder: undefined, history, urls: ['rtsp://h/x'] }),
    ).toMatchObject({
      code: 'NothingSent',
    });
  });

  it('a stopped stream names its outputs and what to do when it ended before any process had reported', () => {
    const urls = ['rtsp://h/x', 'rtmp://h/***'];
    expect(closingFailure({ decoder: undefined, encoder: undefined, history, urls })).toMatchObject({
      code: 'NothingSent',
      exitCode: ExitCode.Output,
      message:
        'nothing was sent to rtsp://h/x, rtmp://h/***: the stream ended before its encoder had started',
      action: expect.stringContaining('--for'),
    });
  });

  it('a stopped stream fails with an output that was down at the end', () => {
    expect(end({ error: refused })).toMatchObject({ exitCode: ExitCode.Output });
  });

  it('a stopped stream fails with the refusal of a server that has ended every connection at once', () => {
    const flapped = flapping(1.5, 10);
    expect(end({}, 20, flapped.history)).toMatchObject({
      code: 'ConnectionClosed',
      exitCode: ExitCode.Output,
    });
  });

  it('a stopped stream does not blame a server that came a moment late', () => {
    const late = new ConnectionHistory();
    late.notice([outputSnapshot({ phase: 'Waiting', connects: 0, error: refused })], 0.5);
    late.notice([outputSnapshot({ phase: 'Connected', connects: 1 })], 1);
    expect(end({}, 20, late)).toBeUndefined();
  });

  it('a stopped stream fails with the source when that gave no frame, and said why', () => {
    const decoder = decodeSnapshot({ phase: 'Opening', error: { ...refused, code: 'SourceTimeout' } });
    expect(closingFailure({ decoder, encoder: undefined, history, urls: [] })).toMatchObject({
      code: 'SourceTimeout',
      exitCode: ExitCode.Source,
    });
  });
});
