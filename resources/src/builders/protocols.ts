/** The protocols of media servers, and the ports that they have unless something else is said. Pure. */
import type { MediaServer } from '../schema/media-server.generated.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';

export type Protocol = NonNullable<MediaServer['spec']['protocols']>[number];
export type PublishProtocol = NonNullable<VideoPush['spec']['outputs'][number]['protocol']>;

/** Where a server listens. */
export const DEFAULT_PORTS = {
  rtsp: 8554,
  rtmp: 1935,
  srt: 8890,
  hls: 8888,
  webrtc: 8889,
  api: 9997,
  metrics: 9998,
} as const;

export type Ports = { readonly [name in keyof typeof DEFAULT_PORTS]: number };

export function protocolsOf(server: MediaServer): readonly Protocol[] {
  return server.spec.protocols ?? ['RTSP', 'RTMP', 'HLS'];
}
