/**
 * An RTSP server whose manners a test decides: it takes a publisher over TCP as RFC 2326 says, unless its
 * script says to be silent, close, reset, stop reading or answer something else. Arrival times are this
 * process's; for pacing use the recorder.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { monotonicMilliseconds } from './recorder.ts';

export interface RtspRequest {
  method: string;
  url: string;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: string;
  /** The request's bytes as they came, body left out. */
  head: string;
}

/** `answer` = the usual one; a Buffer is sent instead of it. */
export type Reaction = 'answer' | 'silence' | 'close' | 'reset' | 'stop-reading' | Buffer;

export interface Script {
  /** At each request of the `connection`-th connection (from 1). `usual` is the answer that would be sent. */
  onRequest?(request: RtspRequest, usual: Buffer, connection: number): Reaction;
  /** After each access unit, counted per connection. */
  onUnit?(count: number, connection: number): Exclude<Reaction, Buffer> | undefined;
  /** At a new connection, before anything was read. */
  onConnect?(connection: number): 'close' | 'reset' | undefined;
  authentication?: { scheme: 'Basic' | 'Digest'; user: string; password: string };
}

export interface ReceivedUnit {
  at: number;
  rtp: number;
  /** First RTP sequence number and how many packets. */
  sequence: number;
  packets: number;
  bytes: number;
}

export interface ServedConnection {
  requests: RtspRequest[];
  units: ReceivedUnit[];
  openedAt: number;
  closedAt: number | null;
}

export class RtspServer {
  readonly connections: ServedConnection[] = [];
  script: Script;
  #server: Server;
  #sockets = new Set<Socket>();
  #waiters = new Set<() => void>();

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.script = script;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(script: Script = {}, port = 0): Promise<RtspServer> {
    const server = createServer();
    const it = new RtspServer(server, script);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return it;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = 'live'): string {
    return `rtsp://127.0.0.1:${this.port}/${path}`;
  }

  /** Units of all connections in order of arrival. */
  units(): ReceivedUnit[] {
    return this.connections.flatMap((connection) => connection.units);
  }

  async until(what: string, done: (server: RtspServer) => boolean, limitMilliseconds: number): Promise<void> {
    if (done(this)) return;
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!done(this)) return;
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(check);
        const seen = this.connections.map(
          (c) => `${c.requests.map((r) => r.method).join(' ')}, ${c.units.length} units`,
        );
        reject(
          new Error(`the RTSP server did not see ${what} in ${limitMilliseconds} ms: ${seen.join(' | ')}`),
        );
      }, limitMilliseconds);
      this.#waiters.add(check);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    const connection: ServedConnection = {
      requests: [],
      units: [],
      openedAt: monotonicMilliseconds(),
      closedAt: null,
    };
    this.connections.push(connection);
    const number = this.connections.length;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      connection.closedAt = monotonicMilliseconds();
      this.#notify();
    });
    const first = this.script.onConnect?.(number);
    if (first !== undefined) {
      end(socket, first);
      return;
    }
    const session = new Session(socket, connection, number, () => this.script);
    socket.on('data', (chunk) => {
      session.take(chunk);
      this.#notify();
    });
    this.#notify();
  }

  #notify(): void {
    for (const check of [...this.#waiters]) check();
  }
}

/** The bytes of one connection. */
class Session {
  #pending: Buffer = Buffer.alloc(0);
  #unit: ReceivedUnit | null = null;
  #stopped = false;
  #nonce = randomBytes(8).toString('hex');
  #socket: Socket;
  #connection: ServedConnection;
  #number: number;
  #script: () => Script;

  constructor(socket: Socket, connection: ServedConnection, number: number, script: () => Script) {
    this.#socket = socket;
    this.#connection = connection;
    this.#number = number;
    this.#script = script;
  }

  take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (!this.#stopped && (this.#pending[0] === 0x24 ? this.#interleaved() : this.#request()));
  }

  #interleaved(): boolean {
    if (this.#pending.length < 4) return false;
    const size = this.#pending.readUInt16BE(2);
    if (this.#pending.length < 4 + size) return false;
    const channel = this.#pending[1];
    const packet = this.#pending.subarray(4, 4 + size);
    this.#pending = this.#pending.subarray(4 + size);
    if (channel === 0 && size >= 12) this.#media(packet);
    return true;
  }

  #media(packet: Buffer): void {
    this.#unit ??= {
      at: 0,
      rtp: packet.readUInt32BE(4),
      sequence: packet.readUInt16BE(2),
      packets: 0,
      bytes: 0,
    };
    this.#unit.packets++;
    this.#unit.bytes += packet.length - 12;
    if (((packet[1] ?? 0) & 0x80) === 0) return;
    this.#unit.at = monotonicMilliseconds();
    this.#connection.units.push(this.#unit);
    this.#unit = null;
    const reaction = this.#script().onUnit?.(this.#connection.units.length, this.#number);
    if (reaction !== undefined) this.#react(reaction, Buffer.alloc(0));
  }

  #request(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = this.#pending.toString('latin1', 0, end + 4);
    const [line = '', ...fields] = head.trimEnd().split('\r\n');
    const [method = '', url = ''] = line.split(' ');
    const headers = new Map(fields.map((field) => splitField(field)));
    const length = Number(headers.get('content-length') ?? 0);
    if (this.#pending.length < end + 4 + length) return false;
    const body = this.#pending.toString('utf8', end + 4, end + 4 + length);
    this.#pending = this.#pending.subarray(end + 4 + length);
    const request = { method, url, headers, body, head };
    this.#connection.requests.push(request);
    const usual = Buffer.from(this.#answer(request));
    this.#react(this.#script().onRequest?.(request, usual, this.#number) ?? 'answer', usual);
    if (method === 'TEARDOWN' && !this.#stopped) this.#socket.end();
    return true;
  }

  #answer(request: RtspRequest): string {
    const cseq = `CSeq: ${request.headers.get('cseq') ?? '0'}\r\n`;
    const required = this.#script().authentication;
    if (required && request.method !== 'OPTIONS' && !authorized(request, required, this.#nonce)) {
      const challenge =
        required.scheme === 'Digest' ? `Digest realm="test", nonce="${this.#nonce}"` : 'Basic realm="test"';
      return `RTSP/1.0 401 Unauthorized\r\n${cseq}WWW-Authenticate: ${challenge}\r\n\r\n`;
    }
    const extra =
      request.method === 'OPTIONS'
        ? 'Public: OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, TEARDOWN\r\n'
        : request.method === 'SETUP'
          ? `Transport: ${request.headers.get('transport')}\r\nSession: 12345;timeout=60\r\n`
          : 'Session: 12345\r\n';
    return `RTSP/1.0 200 OK\r\n${cseq}${extra}\r\n`;
  }

  #react(reaction: Reaction, usual: Buffer): void {
    if (reaction === 'answer') this.#socket.write(usual);
    else if (Buffer.isBuffer(reaction)) this.#socket.write(reaction);
    else if (reaction === 'stop-reading') {
      this.#socket.write(usual);
      this.#stopped = true;
      this.#socket.pause();
    } else if (reaction !== 'silence') {
      this.#stopped = true;
      end(this.#socket, reaction);
    }
  }
}

/** `close`: in order, with a FIN; `reset`: with an RST. */
function end(socket: Socket, how: 'close' | 'reset'): void {
  if (how === 'reset') socket.resetAndDestroy();
  else socket.destroySoon();
}

function splitField(field: string): [string, string] {
  const colon = field.indexOf(':');
  return [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()];
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** Basic (RFC 7617) or Digest without qop (RFC 2617 §3.2.2.1), as RTSP publishers use them. */
function authorized(
  request: RtspRequest,
  required: NonNullable<Script['authentication']>,
  nonce: string,
): boolean {
  const given = request.headers.get('authorization') ?? '';
  if (required.scheme === 'Basic') {
    return given === `Basic ${Buffer.from(`${required.user}:${required.password}`).toString('base64')}`;
  }
  if (!given.startsWith('Digest ')) return false;
  const field = (name: string) => new RegExp(`(?:^|[ ,])${name}="?([^",]*)`).exec(given.slice(6))?.[1] ?? '';
  const secret = md5(`${required.user}:test:${required.password}`);
  const call = md5(`${request.method}:${field('uri')}`);
  return (
    field('username') === required.user &&
    field('nonce') === nonce &&
    field('response') === md5(`${secret}:${nonce}:${call}`)
  );
}
