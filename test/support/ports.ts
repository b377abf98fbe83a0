/** Ports that nothing listens on. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { freePorts } from '../../cli/src/local/ports.ts';

export { freePorts };

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0] as number;
}

/** Whether a UDP port of the loopback could be had now. */
function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

/** An even UDP port that is free together with the next, as RTP and RTCP want them. Returns the even one. */
export async function freePortPair(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 2 * randomInt(10_000, 15_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error('no two neighbouring UDP ports are free');
}
