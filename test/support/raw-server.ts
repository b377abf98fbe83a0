/**
 * TCP servers without a protocol: silent, deaf, closing, resetting or talking rubbish; for any kind of URL.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { seeded } from './random.ts';

export type RawBehaviour = 'silent' | 'deaf' | 'close' | 'reset' | 'garbage';

export class RawServer {
  /** Instants of the connections, ms of `performance.now()`. */
  readonly connectedAt: number[] = [];
  #server: Server;
  #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * `silent` reads and never answers, `deaf` does not even read, `close` and `reset` end the connection at
   * its first bytes, `garbage` answers each chunk with as many random bytes (seeded).
   */
  static async start(behaviour: RawBehaviour, seed = 1): Promise<RawServer> {
    const server = createServer({ pauseOnConnect: behaviour === 'deaf' });
    const it = new RawServer(server);
    const random = seeded(seed);
    server.on('connection', (socket) => {
      it.connectedAt.push(performance.now());
      it.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => it.#sockets.delete(socket));
      if (behaviour === 'deaf') return;
      socket.on('data', (chunk) => {
        if (behaviour === 'close') socket.destroySoon();
        else if (behaviour === 'reset') socket.resetAndDestroy();
        else if (behaviour === 'garbage') socket.write(chunk.map(() => random.integer(0, 255)));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return it;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(scheme: string, path = 'live'): string {
    return `${scheme}://127.0.0.1:${this.port}/${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
