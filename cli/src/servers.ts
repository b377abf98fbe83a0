/** MediaServers of the manifests: a MediaMTX on this machine for each that is not External. */
import { randomBytes } from 'node:crypto';
import type { MediaServer, VideoPush } from '@videopush/resources';
import {
  checkServer,
  DEFAULT_PORTS,
  outputPath,
  type Ports,
  publishUrl,
} from '@videopush/resources/builders/endpoints';
import { buildMediaMtxConfig, hlsPage } from '@videopush/resources/builders/mediamtx';
import { serverPaths } from '@videopush/resources/builders/mediaserver';
import { usageError } from './errors.ts';
import { type MediaMtx, startMediaMtx } from './local/mediamtx.ts';
import { freePorts, isFree } from './local/ports.ts';
import { mediamtxProgram } from './local/programs.ts';
import type { Credentials } from './local/stream.ts';

const HOST = '127.0.0.1';

/** One server that streams may publish to. */
export interface LocalServer {
  resource: MediaServer;
  ports: Ports;
  /** undefined for External */
  process: MediaMtx | undefined;
  publisher: Credentials;
  /** user and password for viewers, when the resource asks for them */
  reader: Credentials;
}

/** Where a server listens, and for whom. */
export interface Placing {
  ports: Ports;
  /** the address that every listener binds to; unset = all */
  host?: string;
}

/** The usual ports where all of them are free, else free ones: a second server, or somebody else's. */
async function choosePorts(): Promise<Ports> {
  const usual = Object.values(DEFAULT_PORTS);
  if ((await Promise.all(usual.map((port) => isFree(port)))).every(Boolean)) return DEFAULT_PORTS;
  const names = Object.keys(DEFAULT_PORTS) as (keyof Ports)[];
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as Ports;
}

const generated = (mode: 'Generated' | 'None' | undefined, name: string): Credentials =>
  mode === 'Generated' ? { username: name, password: randomBytes(18).toString('base64url') } : {};

const account = ({ username, password }: Credentials) =>
  username !== undefined && password !== undefined ? { name: username, password } : undefined;

/**
 * Starts the server of `resource` with the paths of `pushes`; `placing` unset: on
 * the usual ports, or on free ones.
 */
export async function startServer(
  resource: MediaServer,
  pushes: readonly VideoPush[],
  placing?: Placing,
): Promise<LocalServer> {
  if (resource.spec.type === 'External') {
    return { resource, ports: DEFAULT_PORTS, process: undefined, publisher: {}, reader: {} };
  }
  checkServer(resource, 'RTSP', 'spec.protocols');
  const { ports, host } = placing ?? { ports: await choosePorts() };
  const { publish = 'Generated', read = 'None' } = resource.spec.authentication ?? {};
  const publisher = generated(publish, 'publisher');
  const reader = generated(read, 'reader');
  const config = buildMediaMtxConfig(resource, serverPaths(resource, pushes), {
    ports,
    ...(host !== undefined && { host }),
    users: { publisher: account(publisher), reader: account(reader) },
    logLevel: 'warn',
    // Any free port does for WebRTC's media; the number of its page is free for UDP
    // wherever that of the page is free.
    icePort: ports.webrtc,
  });
  const process = await startMediaMtx({ binary: mediamtxProgram(), config, ports });
  return { resource, ports, process, publisher, reader };
}

/** The server that an output names. @throws usage error when no manifest has it */
export function serverOf(
  push: VideoPush,
  index: number,
  servers: ReadonlyMap<string, LocalServer>,
): LocalServer | undefined {
  const name = push.spec.outputs[index]?.serverRef?.name;
  if (name === undefined) return undefined;
  const server = servers.get(name);
  if (server) return server;
  const action = 'put its manifest into one of the files, or give the output a url';
  throw usageError(`VideoPush "${push.metadata.name}": MediaServer "${name}" does not exist`, action);
}

export const addressOf = (push: VideoPush, index: number, server: LocalServer): string =>
  publishUrl(push, index, server.resource, { host: HOST, ports: server.ports });

/** Readers of an output's path, undefined where nobody counts them. */
export async function viewersOf(
  push: VideoPush,
  index: number,
  server: LocalServer,
): Promise<number | undefined> {
  const output = push.spec.outputs[index];
  return output && (await server.process?.path(outputPath(push, output)))?.readers;
}

/** Where a person watches the output: RTSP, and a page for the browser when the server speaks HLS. */
export function watchAt(
  push: VideoPush,
  index: number,
  server: LocalServer,
): { rtsp: string; page: string | undefined } | undefined {
  const output = push.spec.outputs[index];
  if (!output || !server.process) return undefined;
  const path = outputPath(push, output);
  const hls = (server.resource.spec.protocols ?? ['HLS']).includes('HLS');
  return {
    rtsp: `rtsp://localhost:${server.ports.rtsp}/${path}`,
    page: hls ? hlsPage('localhost', server.ports, path) : undefined,
  };
}
