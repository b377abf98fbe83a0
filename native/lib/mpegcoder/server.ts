import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { invalidArgument, invalidState, NativeError } from '../errors.ts';
import type { FrameLike } from '../frame.ts';
import { redact, resolveEncoder } from '../log.ts';
import { FramePusher } from '../pusher.ts';
import type { MpegDecoder } from './decoder.ts';
import {
  type ConfigDict,
  checkSettings,
  type EffectiveSettings,
  encoderOptions,
  inherit,
  resolve,
  SETTING_NAMES,
  type ServerSettings,
} from './parameters.ts';

export interface ServerParameters extends ServerSettings {
  /** an open decoder to inherit from; wins over configDict, and explicit parameters win over both */
  decoder?: MpegDecoder;
  /** what a decoder's getParameter() gave, possibly in another process */
  configDict?: ConfigDict;
  /** where to publish: rtsp://, rtmp(s)://, srt://, a file name, … */
  videoAddress?: string;
  /**
   * how ServeFrameBlock waits: 'bound' (default) until the lead is within frameAhead, 'halfLead' once for
   * half the lead, as mpegCoder did
   */
  blockMode?: 'bound' | 'halfLead';
}

/**
 * Frames that wait for the encoder. More would gain nothing, since frames ahead of their time wait behind it,
 * as packets, and RGB24 takes much memory.
 */
const QUEUE_FRAMES = 4;

/**
 * RGB24 frames to a live push, in the shape of mpegCoder's class of this name. What differs from mpegCoder
 * 3.2: docs/mpegcoder.md. Methods that work are asynchronous; failures are rejections with a NativeError.
 */
export class MpegServer {
  #videoAddress = '';
  #explicit: ServerSettings = {};
  #inherited: ServerSettings = {};
  #blockMode: 'bound' | 'halfLead' = 'bound';
  #pusher: FramePusher | undefined;
  #effective: EffectiveSettings | undefined;

  /**
   * Opens the encoder and connects; a push that was open is aborted first. Resolves to true;
   * rejects with the reason.
   */
  async FFmpegSetup(videoAddress?: string): Promise<true> {
    if (videoAddress !== undefined) this.resetPath(videoAddress);
    if (this.#videoAddress === '') throw invalidArgument('videoAddress: no address was given');
    await this.#abandon();
    const settings = resolve(this.#explicit, this.#inherited);
    const [numerator, denominator] = settings.frameRate;
    const encoder = encoderName(settings.codecName);
    this.#pusher = await FramePusher.open({
      url: this.#videoAddress,
      width: settings.widthSrc,
      height: settings.heightSrc,
      frameRate: `${numerator}/${denominator}`,
      ...(settings.bitRateInherited && { sourceBitRate: settings.bitRate }),
      encoder: encoderOptions(settings, encoder),
      queueFrames: QUEUE_FRAMES,
      maxLeadSeconds: (settings.frameAhead * denominator) / numerator,
    });
    const bitRate = this.#pusher.snapshot().encoder?.bitRate ?? settings.bitRate;
    this.#effective = { ...settings, codecName: encoder, bitRate };
    return true;
  }

  /** Takes effect at the next FFmpegSetup. */
  resetPath(videoAddress: string): void {
    if (typeof videoAddress !== 'string') throw invalidArgument('videoAddress: expected a string');
    this.#videoAddress = videoAddress;
  }

  /**
   * Takes effect at the next FFmpegSetup, blockMode at once. Values are checked here;
   * unknown names are refused.
   */
  setParameter(parameters: ServerParameters): void {
    if (typeof parameters !== 'object' || parameters === null)
      throw invalidArgument('expected an object of parameters');
    const { decoder, configDict, videoAddress, blockMode, ...settings } = parameters;
    for (const name of Object.keys(settings)) {
      if (!(SETTING_NAMES as string[]).includes(name))
        throw invalidArgument(`${name}: unknown parameter of MpegServer`);
    }
    if (blockMode !== undefined && blockMode !== 'bound' && blockMode !== 'halfLead') {
      throw invalidArgument("blockMode: expected 'bound' or 'halfLead'");
    }
    const explicit = checkSettings(settings);
    const dict = decoder?.getParameter() ?? configDict;
    const inherited = dict === undefined ? this.#inherited : inherit(dict);
    if (videoAddress !== undefined) this.resetPath(videoAddress);
    this.#explicit = { ...this.#explicit, ...explicit };
    this.#inherited = inherited;
    this.#blockMode = blockMode ?? this.#blockMode;
  }

  /**
   * Without a name: the settings as plain JSON. With one: its value, or null when it is unknown.
   * `waitRef`: seconds that a caller of ServeFrame does well to sleep, half the lead; `ptsAhead`:
   * frameAhead, in units of one frame.
   */
  getParameter(): ConfigDict & { videoAddress: string };
  getParameter(paramName: 'waitRef'): number;
  getParameter(paramName: string): string | number | readonly number[] | null;
  getParameter(paramName?: string): unknown {
    if (paramName === 'waitRef') return this.#pusher?.waitRef ?? 0;
    const settings = this.#effective ?? this.#preview();
    if (paramName === undefined) {
      const { widthSrc, heightSrc, frameAhead, preset, tune, bitRateInherited, ...rest } = settings ?? {};
      return { videoAddress: redact(this.#videoAddress), ...rest };
    }
    const values: Record<string, unknown> = {
      ...settings,
      videoAddress: redact(this.#videoAddress),
      formatName: formatName(this.#videoAddress),
      frameRate: settings ? settings.frameRate[0] / settings.frameRate[1] : null,
      ptsAhead: settings?.frameAhead,
      bitRateInherited: undefined, // ours alone
      blockMode: this.#blockMode,
    };
    return (Object.hasOwn(values, paramName) ? values[paramName] : null) ?? null;
  }

  /**
   * Accepts the frame without waiting for the lead: the caller sleeps `waitRef` now and then. Resolves to
   * true; rejects with the reason.
   */
  async ServeFrame(PyArrayFrame: FrameLike): Promise<true> {
    await this.#open().offer(PyArrayFrame);
    return true;
  }

  /** Accepts the frame as soon as the stream is no more than frameAhead frames ahead of real time. */
  async ServeFrameBlock(PyArrayFrame: FrameLike): Promise<true> {
    const pusher = this.#open();
    if (this.#blockMode === 'bound') {
      await pusher.push(PyArrayFrame);
    } else {
      await sleep(pusher.waitRef * 1000);
      await pusher.offer(PyArrayFrame);
    }
    return true;
  }

  /** Sends what was served on time, then ends the publication. Without a push: does nothing. */
  async FFmpegClose(): Promise<void> {
    const pusher = this.#pusher;
    this.#pusher = undefined;
    await pusher?.finish();
  }

  /** Prints the status report. */
  dumpFile(): void {
    process.stdout.write(`${this}\n`);
  }

  /** Ends a push at once and forgets everything, the address too. */
  async clear(): Promise<void> {
    this.#videoAddress = '';
    this.#explicit = {};
    this.#inherited = {};
    this.#blockMode = 'bound';
    await this.#abandon();
  }

  toString(): string {
    const lines = [`MpegServer: ${redact(this.#videoAddress) || '(no address)'}`];
    const settings = this.#effective ?? this.#preview();
    if (!settings) return [...lines, '  not set up, size not known'].join('\n');
    const { frameRate, bitRate } = settings;
    lines.push(
      `  format      ${formatName(this.#videoAddress) ?? 'unknown'}`,
      `  codec       ${settings.codecName}, ${bitRate ? `${bitRate} b/s` : 'bit rate by size and rate'}`,
      `  picture     ${settings.width}x${settings.height} from ${settings.widthSrc}x${settings.heightSrc}, ${frameRate.join('/')} fps`,
      `  GOP         ${settings.GOPSize} frames, at most ${settings.maxBframe} B-frames in a row`,
      `  threads     ${settings.nthread || 'automatic'}`,
      `  frameAhead  ${settings.frameAhead} frames, blockMode ${this.#blockMode}`,
    );
    const output = this.#pusher?.snapshot().outputs[0];
    if (!output) return [...lines, '  not set up'].join('\n');
    lines.push(
      `  state       ${output.phase}${output.error ? `: ${output.error.message}` : ''}`,
      `  sent        ${output.ledger.sent} frames, ${output.ledger.bytes} bytes`,
      `  waitRef     ${this.#pusher?.waitRef.toFixed(3)} s`,
    );
    return lines.join('\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #open(): FramePusher {
    if (!this.#pusher) throw invalidState('the server is not set up', 'call FFmpegSetup first');
    return this.#pusher;
  }

  /** What FFmpegSetup would use, for status; nothing while the size is not known. */
  #preview(): EffectiveSettings | undefined {
    try {
      return resolve(this.#explicit, this.#inherited);
    } catch {
      return undefined;
    }
  }

  async #abandon(): Promise<void> {
    const pusher = this.#pusher;
    this.#pusher = undefined;
    this.#effective = undefined;
    await pusher?.close();
  }
}

/**
 * mpegCoder's codecName holds an encoder, or, inherited from a decoder, a codec; an encoder's own name wins.
 */
function encoderName(codecName: string): string {
  try {
    return resolveEncoder('', codecName);
  } catch (error) {
    if (!(error instanceof NativeError && error.code === 'EncoderUnknown')) throw error;
    return resolveEncoder(codecName);
  }
}

function formatName(address: string): string | null {
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase() ?? null;
}
