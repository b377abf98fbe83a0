/** The contestants of the pacing and cost benches: our two processes, ffmpeg's one, and the bare timer. */
import { CpuMeter, processTree, proportionalMemory } from '../meters.ts';
import { Program } from '../program.ts';
import { monotonicMilliseconds, type RecordedUnit, Recorder } from '../recorder.ts';
import { Stream } from '../stream.ts';
import { tool } from '../tools.ts';
import { type EncodeSettings, startFfmpeg } from './ffmpeg.ts';

export interface PushRun {
  units: RecordedUnit[];
  /** From the start of the first process to the first unit's arrival, ms. */
  startUpMs: number;
  /** CPU of all processes from frame 60 to 15 frames before the end, ms per frame. */
  cpuPerFrame: number;
  /** CPU seconds before frame 60. */
  startUpCpu: number;
  /** Sum of the processes' largest resident sets, bytes; pages they share count in each. */
  peakMemory: number;
  /** Proportional set size of all processes 15 frames before the end, bytes. */
  memory: number;
  /** The part of it that is shared memory: the frame queue. */
  sharedMemory: number;
}

interface Publisher {
  /** Processes whose CPU counts. */
  pids(): Promise<number[]>;
  stop(): Promise<unknown>;
}

/** Frames at the start and the end that the CPU figure leaves out. */
export const FIRST = 60;
const LAST = 15;

/** Records a publisher until it has sent `frames` units and closed. */
async function record(
  frames: number,
  limitMs: number,
  start: (url: string) => Promise<Publisher>,
): Promise<PushRun> {
  await using recorder = await Recorder.start();
  const started = monotonicMilliseconds();
  const publisher = await start(recorder.url());
  try {
    await recorder.untilUnits(FIRST, 60_000);
    const meter = new CpuMeter(await publisher.pids());
    const before = meter.read();
    await recorder.untilUnits(frames - LAST, limitMs);
    const used = meter.read() - before;
    const counted = recorder.units().length - FIRST;
    const peakMemory = meter.peakMemory();
    const memory = proportionalMemory(await publisher.pids());
    await recorder.untilUnits(frames, 60_000);
    await recorder.untilClosed(20_000);
    const units = recorder.units();
    return {
      units,
      startUpMs: (units[0]?.at ?? Number.NaN) - started,
      cpuPerFrame: (used * 1000) / counted,
      startUpCpu: before,
      peakMemory,
      memory: memory.total,
      sharedMemory: memory.shared,
    };
  } finally {
    await publisher.stop();
  }
}

export interface PushSettings {
  clip: string;
  frames: number;
  seconds: number;
  encode: EncodeSettings;
}

export function runOurs({ clip, frames, seconds, encode }: PushSettings): Promise<PushRun> {
  return record(frames, (seconds + 60) * 1000, async (url) => {
    const stream = await Stream.start({
      source: { uri: clip, threads: encode.threads },
      outputs: url,
      encoder: {
        encoder: 'libx264',
        preset: encode.preset,
        tune: encode.tune,
        bitRate: encode.bitRate,
        gopFrames: encode.gopFrames,
        maxBFrames: 0,
        threads: encode.threads,
      },
      logLevel: 'warn',
    });
    return {
      // The supervisors count as well: they are part of what it takes.
      pids: async () => [stream.decoder, stream.encoder].flatMap((role) => processTree(role.supervisor.pid)),
      stop: () => stream[Symbol.asyncDispose](),
    };
  });
}

export function runFfmpeg({ clip, frames, seconds, encode }: PushSettings): Promise<PushRun> {
  return record(frames, (seconds + 60) * 1000, async (url) => {
    const program = startFfmpeg(clip, url, encode);
    return { pids: async () => [program.pid], stop: () => program[Symbol.asyncDispose]() };
  });
}

export function runMetronome({ frames, seconds, encode }: PushSettings, fps: number): Promise<PushRun> {
  return record(frames, (seconds + 60) * 1000, async (url) => {
    const port = new URL(url.replace('rtsp:', 'http:')).port;
    const bytes = Math.round(encode.bitRate / 8 / fps);
    const args = ['--port', port, '--fps', `${fps}`, '--seconds', `${frames / fps}`, '--bytes', `${bytes}`];
    const program = new Program(await tool('metronome'), args, { limitMilliseconds: 0 });
    return { pids: async () => [program.pid], stop: () => program[Symbol.asyncDispose]() };
  });
}
