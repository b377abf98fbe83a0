/** A MediaMTX that records what is published to it by RTSP or RTMP. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mediamtxBinary } from '../../scripts/paths.mjs';
import { freePorts } from './ports.ts';
import { Program } from './program.ts';
import { filesIn, listening, RecordingServer } from './recording-servers.ts';
import type { Scratch } from './tools.ts';

/** Of a recording, written at once when it is complete; what is in it is lost with the process. */
const PART_MILLISECONDS = 100;

export class RecordingMediaMtx extends RecordingServer {
  readonly url: string;
  readonly #rtspPort: number;
  readonly #folder: string;
  readonly #configuration: string;

  private constructor(url: string, rtspPort: number, folder: string, configuration: string) {
    super();
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
    this.program = new Program(mediamtxBinary(), [this.#configuration]);
    await listening('MediaMTX', this.#rtspPort, this.program);
  }

  protected files(): readonly string[] {
    return filesIn(this.#folder);
  }
}
