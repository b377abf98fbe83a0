/** A port that completes no connection: Linux drops every further SYN to a listener with a full backlog. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from './program.ts';

const LISTEN = `
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
print(s.getsockname()[1], flush=True)
time.sleep(600)
`;

export class BlackHole {
  readonly port: number;
  #listener: Program;
  #fillers: Socket[] = [];

  private constructor(listener: Program, port: number) {
    this.#listener = listener;
    this.port = port;
  }

  static async open(): Promise<BlackHole> {
    const listener = new Program('python3', ['-c', LISTEN], { limitMilliseconds: 0 });
    const hole = new BlackHole(listener, Number(await listener.waitForLine(/^\d+$/)));
    // Connections fill the backlog until one is no longer completed.
    for (let i = 0; i < 16; i++) {
      const socket = connect(hole.port, '127.0.0.1');
      socket.on('error', () => {});
      hole.#fillers.push(socket);
      const connected = await Promise.race([
        once(socket, 'connect').then(() => true),
        sleep(300).then(() => false),
      ]);
      if (!connected) return hole;
    }
    await hole[Symbol.asyncDispose]();
    throw new Error('the backlog never filled');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#fillers) socket.destroy();
    await this.#listener[Symbol.asyncDispose]();
  }
}
