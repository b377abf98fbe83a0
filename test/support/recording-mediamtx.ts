/** A MediaMTX that records what is published to it by RTSP or RTMP. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { mediamtxBinary } from '../../scripts/paths.mjs';
import { freePorts } from './ports.ts';
import { Program } from './program.ts';
import { indicesOf, listening, type RecordingServer } from './recording-servers.ts';
import type { Scratch } from './tools.ts';

/** Of a recording, written at once when it is complete; what is in it is lost with the process. */
const PART_MILLISECONDS = 100;

export class RecordingMediaMtx implements RecordingServer {
  readonly url: string;
  readonly #rtspPort: number;
  readonly #folder: string;
  readonly #configuration: string;
  #program: Program | undefined;

  private constructor(url: string, rtspPort: number, folder: string, configuration: string) {
    this.url = url;
    this.#rtspPort = rtspPort;
    this.#folder = folder;
    this.#configuration = configuration;
  }

  /** @param protocol  of `url` */
  static async make(scratch: Scratch, protocol: 'rtsp' | 'rtmp'): Promise<RecordingMediaMtx> {
    const [rtsp = 0, rtmp = 0] = await freePorts(2);
    const folder = scratch.file('recorded');
    mkdirSync(folder);
    const urls = {
      rtsp: `rtsp://127.0.0.1:${rtsp}/live`,
      rtmp: `rtmp://127.0.0.1:${rtmp}/live`,
    };
    // YAML is a superset of JSON.
    const configuration = JSON.stringify({
      logLevel: 'warn',
      ...{ hls: false, webrtc: false, moq: false, srt: false, rtspTransports: ['tcp'] },
      ...{ rtspAddress: `127.0.0.1:${rtsp}`, rtmpAddress: `127.0.0.1:${rtmp}` },
      writeQueueSize: 4096,
      pathDefaults: {
        record: true,
        recordPath: join(folder, '%path-%s-%f'),
        recordFormat: 'fmp4',
        recordPartDuration: `${PART_MILLISECONDS}ms`,
        recordSegmentDuration: '1h',
      },
      paths: { live: {} },
    });
    return new RecordingMediaMtx(urls[protocol], rtsp, folder, scratch.write('mediamtx.yml', configuration));
  }

  async start(): Promise<void> {
    this.#program = new Program(mediamtxBinary(), [this.#configuration]);
    await listening('MediaMTX', this.#rtspPort, this.#program);
  }

  signal(name: NodeJS.Signals): void {
    this.#program?.child.kill(name);
  }

  async ended(): Promise<void> {
    await this.#program?.exited;
  }

  /** The names begin with the time. */
  runs(): Promise<number[][]> {
    return indicesOf(
      readdirSync(this.#folder)
        .sort()
        .map((name) => join(this.#folder, name)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }
}
